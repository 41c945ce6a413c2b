"""`python -m examples.demo`: a good build and a bad one, released behind a real proxy under real load."""
