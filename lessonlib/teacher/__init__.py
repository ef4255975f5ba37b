"""An OpenAI-compatible model that is asked questions about a lesson, streamed and clocked."""
