"""The promises of hardening (properties 1–13) against a plain model, by walks of thousands of steps that really commit.

`working` and `model` say what should happen and import nothing of the product; `house` makes people and policies;
`machine` walks; `invariants` compares, one function for each numbered property.
"""
