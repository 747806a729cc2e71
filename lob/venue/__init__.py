"""Many books behind one journal: sessions, call auctions, circuit breakers, facilities, pools."""
