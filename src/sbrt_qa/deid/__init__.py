"""De-identification: what leaves a site says nothing of who the patient is."""
