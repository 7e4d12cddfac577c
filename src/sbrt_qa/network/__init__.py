"""What comes in and goes out over a network: C-STORE behind a guard, Orthanc, folders, sending."""
