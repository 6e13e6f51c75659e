"""The sub-commands of `rt-engine`: their options, and what they call."""
