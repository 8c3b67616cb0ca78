"""A plugin for simonw/llm: profiles as fragments and templates."""
