"""Who may take what a stage offers: the book, open offers, auctions, vaults, pools, positions."""
