"""Every refusal of Souk, with its HTTP status and its stable code.

Code raises a refusal where it knows the reason; `shared.http.api` renders all of them. A class
without `status` and `code` is not a refusal: neither has a default, so no class can forget them.
"""
