"""The model servers behind the gateway: one interface, one file per kind, a pool that chooses and falls over."""
