"""What may be shown: protected health information, secrets, and, where asked for, UIDs and names of the network.

`profile` says which attributes identify somebody, `shape` what may be told of their values, `placeholders` stands in
for them, and `gate` is what every view asks.
"""
