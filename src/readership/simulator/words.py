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
THEME_WORDS = (
    (
        "ballot constituency threshold turnout mandate district polling reform",
        "deficit expenditure surplus finance treasury austerity amendment levy",
        "portfolio resignation successor chancellery appointment deputy rumour ally",
        "censure majority crisis speaker defeat backbench ultimatum dissolution",
        "donation disclosure ledger lobby treasurer loophole cap auditor",
    ),
    (
        "tenant landlord lease flat mortgage vacancy eviction district",
        "exchange reserve devaluation imports peg foreign liquidity dollar",
        "revenue profit margin guidance dividend shareholder forecast quarter",
        "customs quota duty retaliation steel complaint negotiation container",
        "gas pipeline barrel grid heating tariff wholesale subsidy",
    ),
    (
        "truce frontline monitor shelling mediator withdrawal hostage buffer",
        "embargo freeze asset oligarch exemption ban evasion bank",
        "port railway freight silk investment canal logistics route",
        "candidate runoff observer fraud exile regime ballot-box protest",
        "lifeboat coastguard smuggler vessel harbour asylum survivor wave",
    ),
    (
        "rails depot timetable stop driver fare extension junction",
        "architect permit storey plot council cooperative facade crane",
        "dike river rainfall pump basin storm sandbag gauge",
        "canteen pupil menu vegetable cook parent lunch allergy",
        "stall trader cheese square vendor parking flower morning",
    ),
    (
        "header stoppage penalty corner whistle substitute offside draw",
        "trophy stadium semi-final extra-time referee ticket underdog captain",
        "hamstring knee physio rehab doctor squad absence scan",
        "agent fee contract striker bid signing clause deadline",
        "points table rival fixture streak leader relegation goal-difference",
    ),
    (
        "stage curtain cast applause soprano premiere libretto conductor",
        "archive manuscript poet handwriting publisher attic letter edition",
        "canvas curator gallery sculpture loan retrospective portrait ticket",
        "guitar studio lyrics producer vinyl tour chorus drummer",
        "screenplay jury red-carpet actor camera documentary cinema nominee",
    ),
    (
        "orbit exoplanet spectrum telescope dwarf atmosphere lightyear mission",
        "glacier sea-level core permafrost warming shelf satellite carbon",
        "ore mine lithium crystal geologist deposit extraction quarry",
        "cell trial mutation patient dose protein inheritance laboratory",
        "trench submersible coral jellyfish current sonar plankton abyss",
    ),
    (
        "protocol licence repository interoperability consortium browser specification fork",
        "password hacker server encryption leak ransom patch credential",
        "sensor lidar pilot depot route software braking passenger",
        "wafer foundry fab supplier semiconductor shortage automaker node",
        "qubit cryostat error algorithm superposition entanglement photon laboratory",
    ),
    (
        "stew oven broth recipe simmer spice dough butter",
        "hostel train lake hike map cottage sunset luggage",
        "savings shopping allowance bill pocket-money bargain spreadsheet insurance",
        "soil seed frost pruning compost greenhouse bulb hedge",
        "desk headset commute kitchen-table meeting pyjamas webcam quiet",
    ),
    (
        "speech censorship satire platform slander dissent liberty court",
        "trust scandal apology poll credibility promise institution doubt",
        "delay overrun deadline paperwork blame consultation inertia price",
        "volunteer jury-duty neighbour vote obligation community service virtue",
        "pledge memory generation pension treaty betrayal nostalgia debt",
    ),
)
VERBS = ("weighs", "faces", "revives", "questions", "welcomes", "rejects", "explains", "rethinks", "prepares for")
PLACES = ("in Alderbrook", "in Fernmark", "on the coast", "in the valley", "abroad", "this week", "after months", "")
SENTENCES = (
    "{subject} {verb} {theme}, and people close to the matter expect a decision about the {a} soon.",
    "What began with {theme} has become a question of {b} and {c} for everyone who follows {category}.",
    "For now {theme} remains open, said a person who knows the plans for the {d}.",
    "Critics say that {theme} was foreseeable; supporters answer that the {e} is not settled.",
    "The next weeks will show whether {theme} and the {f} matter as much as {other} did.",
    "It also touches {other}: the {g} comes up in every conversation, and so does the {h}.",
)
SEARCHES = ("weather", "election", "derby", "crossword", "rent", "recipes", "traffic", "podcast", "jobs", "tickets")
