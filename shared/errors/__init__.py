"""Every refusal that Souk gives, with its HTTP status and its stable code.

Raised where it is known and rendered once, in `shared.http.api`. A class without `status` and `code`
is not a refusal: neither has a default, so that none can be forgotten.
"""
