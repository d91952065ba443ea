"""The far ends, faked over real sockets; each behaviour states where it is known from."""
