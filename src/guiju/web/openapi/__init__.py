"""The OpenAPI document of both doors: the gateway's endpoints and the console's JSON twin."""
