"""Pictures, sound and video in moderation: read within bounds, looked at by checkers, decided by the same policy.

Serves articles 4 and 14 of the Measures for what is not text. What a checker reads (text in a picture, the content of a
code, speech) goes through the text moderation; what it sees (nudity, a picture that was blocked before) becomes a
finding; what cannot be checked is said to be unchecked, never to be harmless. Nouns: Medium, Picture, Sighting, Report.

The package stands below the policy that reads its section, so it knows neither policy nor service.
"""
