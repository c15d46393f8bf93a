"""`python -m dicomsniff`."""

from dicomsniff.cli import main

if __name__ == "__main__":
    main()
