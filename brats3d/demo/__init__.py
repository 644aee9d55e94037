"""The whole way on made-up patients: segment, train, evaluate, draw."""
