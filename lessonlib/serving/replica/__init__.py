"""One engine: scheduler, KV cache, batches and the time that a step takes."""
