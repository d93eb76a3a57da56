"""Who a caller is and which requests the rules let through (contract 5.1 to 5.4); what an object permits is `model.caller`'s."""
