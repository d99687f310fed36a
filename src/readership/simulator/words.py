"""The vocabulary of the invented newsroom: titles and bodies that tell one topic from another."""

BRANDS = ("The Alderbrook Courier", "Fernmark Herald", "Kestrel Sport Daily", "Ninefold Business")
SLUGS = ("alderbrook", "fernmark", "kestrel", "ninefold")
CATEGORIES = (
    "politics",
    "economy",
    "world",
    "local",
    "sport",
    "culture",
    "science",
    "technology",
    "lifestyle",
    "opinion",
)
TYPES = ("news", "feature", "opinion", "gallery", "video")
AUTHORS = (
    ("Ada Merrow", "Jonas Thistle", "Mira Falk", "Edgar Quill", "Lena Harrow", "Tobias Wren"),
    ("Clara Fenn", "Oskar Lind", "Ruth Bramble", "Piet Marlow", "Nora Ashdown", "Ivo Sedge"),
    ("Max Rowan", "Tess Holloway", "Bruno Kite", "Ines Calder", "Sam Ferris", "Gwen Straker"),
    ("Hugo Penrose", "Amal Vane", "Sofia Ledger", "Karl Minter", "Dana Crest", "Leo Sterling"),
)
SUBJECTS = (
    ("Parliament", "The cabinet", "A coalition", "The opposition", "The mayor", "A minister", "Voters", "The senate"),
    ("The central bank", "Exporters", "Retailers", "The budget", "Wages", "Inflation", "Investors", "A merger"),
    ("Envoys", "The summit", "Peace talks", "A border", "The embassy", "Aid convoys", "An alliance", "Refugees"),
    ("The town hall", "A school", "The bus line", "Neighbours", "A bridge", "The harbour", "A market", "Firefighters"),
    ("The champions", "A goalkeeper", "The derby", "A sprinter", "The coach", "The league", "A transfer", "The fans"),
    ("A novel", "The orchestra", "A museum", "The festival", "A director", "The theatre", "A painter", "The choir"),
    ("A telescope", "Researchers", "A vaccine", "The climate", "A fossil", "Physicists", "The ocean", "A genome"),
    ("A chip maker", "The app", "Robots", "A start-up", "Encryption", "The cloud", "A language model", "Batteries"),
    ("Bakers", "A garden", "Commuters", "The kitchen", "Holidays", "A marathon", "Parents", "Good sleep"),
    ("Our editors", "A reader", "The columnist", "A letter", "The debate", "An essay", "A critic", "The lead writer"),
)
THEMES = (
    ("a new electoral law", "the budget vote", "a cabinet reshuffle", "a no-confidence motion", "party funding"),
    ("rising rents", "a weaker currency", "quarterly earnings", "a tariff dispute", "the price of energy"),
    ("a fragile ceasefire", "sanctions", "a trade corridor", "an election abroad", "a rescue at sea"),
    ("the new tram", "a housing plan", "the flood wall", "school meals", "the weekly market"),
    ("a late equaliser", "the cup final", "an injury crisis", "a record transfer", "the title race"),
    ("an opening night", "a lost manuscript", "the autumn exhibition", "a debut album", "a film prize"),
    ("a distant planet", "melting ice", "a rare mineral", "gene therapy", "deep-sea life"),
    ("open standards", "a data breach", "self-driving trams", "a chip shortage", "quantum hardware"),
    ("slow cooking", "weekend trips", "family budgets", "winter gardens", "working from home"),
    ("free speech", "public trust", "the cost of delay", "civic duty", "an old promise"),
)
VERBS = ("weighs", "faces", "revives", "questions", "welcomes", "rejects", "explains", "rethinks", "prepares for")
PLACES = ("in Alderbrook", "in Fernmark", "on the coast", "in the valley", "abroad", "this week", "after months", "")
SENTENCES = (
    "{subject} {verb} {theme}, and people close to the matter expect a decision soon.",
    "What began with {theme} has become a question for everyone who follows {category}.",
    "For now {theme} remains open, said a person who knows the plans.",
    "Critics say that {theme} was foreseeable; supporters answer that nothing is settled.",
    "The next weeks will show whether {theme} matters as much as {other} did.",
)
SEARCHES = ("weather", "election", "derby", "crossword", "rent", "recipes", "traffic", "podcast", "jobs", "tickets")
