"""Words that publishers use for readers who pay nothing, in the column that says who pays for what."""

NO_ACCOUNT = ("", "none", "anonymous", "anon", "guest", "visitor", "unregistered", "null", "unknown", "n/a")
"""No account: the reader is not registered."""

FREE = ("free", "registered", "basic", "metered", "freemium", "registriert", "gratuit")
"""An account without a subscription."""


def our_tier(theirs: str) -> str:
    """A publisher's tier as "" (no account), "free" (an account that pays nothing), or as it is (a subscription).

    >>> our_tier("Anonymous"), our_tier("registered"), our_tier("abo_plus")
    ('', 'free', 'abo_plus')
    """
    word = theirs.strip().lower()
    return "" if word in NO_ACCOUNT else "free" if word in FREE else theirs
