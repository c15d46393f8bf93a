"""What differs between an exchange that worked and one that did not: captures or associations -> typed differences."""
