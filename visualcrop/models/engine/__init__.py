"""Running a vision-language model: prompts in tokens, KV caches, packed batches, captures."""
