-- How big the news of the day of as_of was.
SELECT news_level FROM {truth:Identifier}.days WHERE day = toDate({as_of:DateTime64(3, 'UTC')}, 'UTC')
