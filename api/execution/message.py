"""The messages of graphql-core in GraphQL's words, and without the values that clients sent: they may be private."""

import re

# Characters of a message. Of a longer one, which quotes what somebody sent, the beginning and the end say what is wrong:
# the patterns below look for their ends from each of their beginnings, and those a client can repeat.
LONGEST, LONGEST_END = 1_000, 300

NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")

# Each ends with what was found, which may itself contain anything.
FOUND = re.compile(r"(?:, but encountered error '|[,;]? [Ff]ound: ).*\Z", re.DOTALL)
NO_REPRESENTATION = re.compile(
    r"(cannot represent (?:a )?[a-z0-9 -]*value): .*?(?P<hint> Did you mean [^']*'.*)?\Z", re.DOTALL
)
NO_MEMBER = re.compile(r"(\A|: )Value '.*' does not exist in ", re.DOTALL)
TOKEN = re.compile(r"((?:found|Unexpected) (?:Int|Float|String|BlockString)) .*\Z", re.DOTALL)
UNKNOWN_FIELD = re.compile(r"unknown field '(?P<name>[^']*).*\Z", re.DOTALL)


def without_values(found_in: str) -> str:
    """The message with the place and what is expected, but not with what was found there."""
    message = NO_MEMBER.sub(r"\1The value does not exist in ", shortened(found_in))
    message = NO_REPRESENTATION.sub(lambda match: match[1] + "." + (match["hint"] or ""), message)
    message = TOKEN.sub(r"\1.", FOUND.sub("", message))
    message = UNKNOWN_FIELD.sub(lambda match: match[0] if NAME.fullmatch(match["name"]) else "unknown field", message)
    message = message.replace(" not to be None", " not to be null")
    return message if message == found_in or message.endswith((".", "?")) else f"{message}."


def shortened(message: str) -> str:
    if len(message) <= LONGEST:
        return message
    return f"{message[: LONGEST - LONGEST_END]}…{message[-LONGEST_END:]}"
