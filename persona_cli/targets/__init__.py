"""Tools that a profile is handed to: how each takes it, and how much of it.

target     what a target is, and how its size is counted
block      the marked block of a file that its owner keeps
notes      claims as text, in the ways that several targets share
coding     files that coding tools read: AGENTS.md, CLAUDE.md, Cursor, Copilot
chat       texts to paste into a chat: ChatGPT, Claude, Gemini
local      files of tools on this machine: Ollama, llm, aichat, fabric
pam        Portable AI Memory, JSON
known      every target, by its name
asked      what may be asked of targets, and of several at once
rendering  claims as the texts of a target, within its limit
place      where its file is, and what is in it
"""
