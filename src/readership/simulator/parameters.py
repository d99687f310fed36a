"""The world's figures. docs/simulator.md gives the source of each and sets what comes out beside what is published."""

import numpy as np

VERSION = 1
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
START_PER_PROMPT = 0.008
SATISFACTION_SELLS, HABIT_SELLS, PRICE_DETERS = 0.6, 1.2, 0.5
CANCEL_AT_PERIOD_END = np.array([0.021, 0.15])
CANCEL_IF_GONE = 2.5
SATISFACTION_RETAINS, HABIT_RETAINS = 0.6, 1.0
PAYMENT_FAILS = 0.026
PAYMENT_RECOVERED = 0.30

# --- consent (bits: 1 analytics, 2 personalisation, 4 advertising, 8 marketing) ------------------------------------
CONSENTS = np.array([15, 3, 1])
CONSENT_WEIGHTS = np.array([[0.84, 0.06, 0.10], [0.62, 0.03, 0.35], [0.62, 0.03, 0.35]])
CONSENT_WITHDRAWN_IN_SESSION = 0.0004

# --- reading -------------------------------------------------------------------------------------------------------
MEDIAN_DWELL_SECONDS = np.array([17.0, 30.0, 22.0, 16.0, 26.0])
SPREAD_OF_DWELL = 0.95
INTEREST_LENGTHENS = 0.30
WORDS_PER_SECOND = 4.0
MAX_READS = 40
SEARCH_IN_SESSION = 0.04
LOGIN_IN_SESSION = 0.08
COOKIE_LOST_IN_SESSION = 0.06

# --- advertising -----------------------------------------------------------------------------------------------------
AD_WEIGHT = 0.1
"""What advertising takes from how a session is felt, for a reader of middling tolerance."""
AD_CLICK = 0.0007
AD_EUR_PER_THOUSAND = 2.8
