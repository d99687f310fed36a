"""`python -m readership.cli`."""

from readership.cli import main

main()
