"""What every function of Souk shares: the Lambda layer, imported as `shared`."""
