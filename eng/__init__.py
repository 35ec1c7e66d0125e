"""How the project is built, checked and tested: standard library only, any Python from 3.9 on, one subject a file."""
