"""The world's figures. docs/simulator.md gives the source of each and sets what comes out beside what is published."""

import numpy as np

VERSION = 2
"""Raised whenever a figure or a rule changes, so that a truth is never read by the rules of another world."""

# --- who comes -------------------------------------------------------------------------------------------------
MEMBER, CASUAL, PASSER_BY = 0, 1, 2
KINDS = ("member", "casual", "passer_by")
KINDS_AT_START = np.array([0.40, 0.60, 0.0])
KINDS_OF_ARRIVALS = np.array([0.12, 0.22, 0.66])
ARRIVALS_PER_READER_AND_DAY = 0.012
MEDIAN_RATE = np.array([0.32, 0.08, 0.03])
"""Sessions a day at full habit."""
SPREAD_OF_RATE = np.array([1.05, 1.0, 0.8])
MAX_RATE = 3.0
REGISTERS_IN_SESSION = np.array([0.40, 0.008, 0.002])

# --- how a habit forms and wears off ---------------------------------------------------------------------------
ACTIVE, PAUSED, GONE = 0, 1, 2
HABIT_GAIN = 0.045
RATE_WITHOUT_HABIT = 0.25
HABIT_OF_NEWCOMERS = 0.2
SATISFACTION_GAIN = 0.15
SATISFACTION_FADE = 0.01
DRIFT_PER_DAY = 0.0025
MAX_DRIFT = 0.9
LEAVE_PER_DAY = np.array([0.009, 0.012, 0.03])
SPREAD_OF_FICKLENESS = 0.6
SATISFACTION_KEEPS, HABIT_KEEPS = 1.6, 1.5
PASSER_BY_GONE_AFTER_FIRST_VISIT = 0.80
PAUSE_PER_DAY = 0.008
BACK_FROM_PAUSE_PER_DAY = 1 / 12
RETURN_PER_DAY = np.array([0.0016, 0.0005, 0.0001])
GONE_AT_START, PAUSED_AT_START = 0.15, 0.08
NEWSLETTER_LIFTS_RATE = 1.2
NEWSLETTER_AT_START = 0.25
NEWSLETTER_SIGNUP_IN_SESSION = 0.008

# --- the news ---------------------------------------------------------------------------------------------------
NEWS_LEVELS = np.array([1.0, 1.35, 2.0])
NEWS_LEVEL_WEIGHTS = np.array([0.92, 0.065, 0.015])
SEASON_AMPLITUDE = 0.08

# --- subscriptions -----------------------------------------------------------------------------------------------
FREE, PREMIUM, PRO, ENTERPRISE = 1, 2, 3, 4
TIERS = ("", "free", "premium", "pro", "enterprise")
TIER_WEIGHTS = np.array([0.0, 0.0, 0.76, 0.21, 0.03])
PRICE_EUR = np.array([0.0, 0.0, 9.90, 19.90, 39.90])
PLANS = ("monthly", "annual")
PLAN_WEIGHTS = np.array([0.72, 0.28])
PLAN_DAYS = np.array([30, 365])
SUBSCRIBED_AT_START = 0.18
METER_PER_MONTH = 5
START_PER_PROMPT = 0.010
SATISFACTION_SELLS, HABIT_SELLS, PRICE_DETERS = 0.6, 1.2, 0.5
CANCEL_AT_PERIOD_END = np.array([0.022, 0.155])
CANCEL_IF_GONE = 2.5
SATISFACTION_RETAINS, HABIT_RETAINS = 0.6, 1.0
PAYMENT_FAILS = 0.026
PAYMENT_RECOVERED = 0.30

# --- offers: an asked reader is persuadable, a sure thing, a lost cause or a sleeping dog ----------------------------
PERSUADABLE, SURE_THING, LOST_CAUSE, SLEEPING_DOG = range(4)
RESPONSES = ("persuadable", "sure_thing", "lost_cause", "sleeping_dog")
STARTS_BY_RESPONSE = np.array([1.0, 2.0, 0.15, 1.0])
"""Times the wish to subscribe, offer or none."""
OFFER_ON_STARTING = np.log([4.0, 1.0, 1.0, 0.3])
"""Log of what a standing offer does to the wish to subscribe."""
OFFER_WEIGHTS = np.array(
    [
        [0.25, 0.20, 0.40, 0.15],  # no segment known
        [0.45, 0.05, 0.45, 0.05],  # students
        [0.15, 0.45, 0.25, 0.15],  # professionals
        [0.20, 0.25, 0.25, 0.30],  # retired
        [0.25, 0.20, 0.40, 0.15],  # others
    ]
)
OFFER_STANDS_DAYS = 14
OFFER_SHARE_OF_PRICE = 0.5
OFFER_EVERY_DAYS = 28
CANCELS_BY_RESPONSE = np.array([1.5, 0.4, 2.2, 0.7])
"""Times the wish not to renew, offer or none."""
OFFER_ON_CANCELLING = np.log([0.35, 1.0, 1.0, 1.8])
"""Log of what a retention offer does to the wish not to renew."""
RETENTION_WEIGHTS = np.array(
    [
        [0.25, 0.45, 0.15, 0.15],
        [0.40, 0.25, 0.30, 0.05],
        [0.20, 0.55, 0.10, 0.15],
        [0.15, 0.45, 0.10, 0.30],
        [0.25, 0.45, 0.15, 0.15],
    ]
)
RETENTION_FROM_DAYS, RETENTION_TO_DAYS = 24, 11
"""Days before the period ends between which a retention offer is made, ahead of the decision."""
RETENTION_SHARE_OF_PRICE = 0.7
PROMPT_IRRITATES, OFFER_IRRITATES_DOGS = 0.10, 0.5
ARM = 0.10
"""Share of eligible readers in each standing randomised arm."""

# --- consent (bits: 1 analytics, 2 personalisation, 4 advertising, 8 marketing) ------------------------------------
CONSENTS = np.array([15, 3, 1])
CONSENT_WEIGHTS = np.array([[0.84, 0.06, 0.10], [0.62, 0.03, 0.35], [0.62, 0.03, 0.35]])
CONSENT_WITHDRAWN_IN_SESSION = 0.0004

# --- slates: click = examination of the position x attraction ---------------------------------------------------------
FRONT, RELATED = 0, 1
PLACEMENTS = ("front", "related")
PLACES = np.array([10, 4])
EVEN_PLACE = 4
"""The place of each front slate whose article is drawn evenly from the pool."""
EXAMINATION_FALLS = np.array([[0.80, 0.50], [0.60, 0.40]])
"""Examination of position k is k ** -x: on phones and on larger screens, by placement."""
ATTRACTION = np.array([0.30, 0.18])
INTEREST_ATTRACTS, QUALITY_ATTRACTS, APPEAL_ATTRACTS = 0.55, 0.25, 0.25
STALE_ATTRACTION = 0.35
"""What is left of the attraction of an article long past its half-life."""
MAX_ATTRACTION = 0.9
MATCH_OF_CATEGORY, MATCH_OF_TOPIC = 0.35, 0.45
TASTE_TURNS_PER_DAY = 1 / 250
"""Median angle (radians) by which a reader's taste for topics turns in a day."""
TO_THE_END = 0.25
"""Share of an article after which its related slate comes into view."""
LANDINGS_DEEP = 6

# --- reading -------------------------------------------------------------------------------------------------------
MEDIAN_DWELL_SECONDS = np.array([17.0, 30.0, 22.0, 16.0, 15.0])
SPREAD_OF_DWELL = 0.95
INTEREST_LENGTHENS = 0.30
CHANCE_OF_LIKING = 0.55
WORDS_PER_SECOND = 4.0
MAX_READS = 40
FELT_AT_REST = -0.05
"""Liking of an ordinary session; what is felt is measured from here."""
FOUND_NOTHING = -0.3
SEARCH_IN_SESSION = 0.04
LOGIN_IN_SESSION = 0.08
COOKIE_LOST_IN_SESSION = 0.06

# --- advertising -----------------------------------------------------------------------------------------------------
ADS = 60
AD_WEIGHT = 0.1
"""What advertising takes from how a session is felt, for a reader of middling tolerance."""
AD_CLICK = 0.0005
AD_BY_PLACE = np.array([0.8, 1.25])
AD_TASTE, AD_CRAFT, AD_CONTEXT = 0.6, 0.4, 0.7
"""How much the reader's own interest, the creative and a fitting article move the chance of a click (log)."""
AD_EUR_PER_THOUSAND = 3.4
AD_EUR_PER_CLICK = 1.5
AD_CLICK_HOPED = 0.0008
AD_WITHOUT_CONSENT = 0.4
MAX_AD_CLICK = 0.05
AD_BOOKED_DAYS = 1_095
AD_PLACES_HOPED = 0.25
"""Places a day for each reader the world begins with, by which budgets are booked; nothing else depends on it."""
SPREAD_OF_BUDGET = 0.35

# --- a concept drift, where one is asked for -------------------------------------------------------------------------
DRIFT_TURNS_TASTE = np.pi / 2
DRIFT_FRACTION_OF_HABIT = 0.3
"""What is left of habit's protection against leaving."""
DRIFT_PRICE_STARTS, DRIFT_PRICE_CANCELS = 0.6, 1.8
