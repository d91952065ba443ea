"""Language models: the client of any OpenAI-compatible endpoint, the offline model, and the token counter."""
