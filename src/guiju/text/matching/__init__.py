"""Finding many terms at once in normalised text: whole texts by a Matcher, streams by a PrefixTree."""
