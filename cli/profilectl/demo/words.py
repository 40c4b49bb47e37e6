"""The vocabulary of the overlay: names, comments and posts, in keyword groups."""

from __future__ import annotations

FIRST = """
    Olivia Liam Emma Noah Ava Ethan Sophia Mason Isabella Lucas Mia Logan Charlotte James Amelia
    Benjamin Harper Elijah Evelyn William Abigail Alexander Emily Michael Ella Daniel Grace Henry
    Chloe Jackson Victoria Samuel Lily David Hannah Joseph Nora Carter Zoe Owen Layla Wyatt Penelope
    John Riley Jack Aria Luke Stella Gabriel José Zoë François Núria Søren Anaïs
"""
LAST = """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
    Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris
    Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill
    Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans
    Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez
    Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks
    Chavez Wood Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Müller Peña
"""
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
REFERRERS = ("", "search", "newsletter", "social", "direct", "coupon-site")
UNKNOWNS = ("", "", "n/a", "-", "null")

# {category} is filled with one of the household's own favourite product categories
POSTS = {
    "price": (
        "The {category} here is cheaper than anywhere else, great price for the budget",
        "Why is {category} so expensive this week? Prices went up again",
    ),
    "quality": (
        "Best quality {category} in town, always fresh",
        "The {category} was stale, not the quality I expect",
    ),
    "service": (
        "Friendly staff helped me find {category}, quick checkout too",
        "Long queue at the checkout just for {category}, service was slow",
    ),
    "recipe": (
        "New recipe tonight: {category}, cooked slowly, the kids loved the dinner",
        "Anyone has an easy dinner recipe with {category}?",
    ),
    "health": (
        "Trying to eat healthy: {category}, low sugar and more protein",
        "Looking for organic, gluten free {category} for my diet",
    ),
    "promotion": (
        "Got a coupon for {category}, two for one deal this weekend!",
        "The sale on {category} is back, discount with the loyalty card",
    ),
}
POST_TOPICS = tuple(POSTS)
POST_TEXTS = tuple(text for texts in POSTS.values() for text in texts)

COMMENTS_LOW = (
    "Too expensive, prices keep rising",
    "Long queue at the checkout and rude staff",
    "The vegetables were not fresh, poor quality",
    "My coupon was refused, disappointed with the promotion",
    "Half of my list was out of stock",
)
COMMENTS_MID = (
    "It is okay, nothing special",
    "Good selection, but the prices are average",
    "Fine, though the checkout could be quicker",
    "Decent quality, more organic food would be nice",
)
COMMENTS_HIGH = (
    "Great prices and friendly staff",
    "Always fresh, excellent quality",
    "Love the weekly deals and coupons",
    "Quick checkout, helpful service, clean store",
    "The recipe cards are wonderful, dinner is easy now",
)

WORDS = {
    "first_names": FIRST.split(),
    "last_names": LAST.split(),
    "domains": DOMAINS,
    "referrers": REFERRERS,
    "unknowns": UNKNOWNS,
    "post_topics": POST_TOPICS,
    "post_texts": POST_TEXTS,
    "comments_low": COMMENTS_LOW,
    "comments_mid": COMMENTS_MID,
    "comments_high": COMMENTS_HIGH,
}
