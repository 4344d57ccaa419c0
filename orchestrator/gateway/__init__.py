"""The gateway: clients and pages over http and websockets, behind one access control."""
