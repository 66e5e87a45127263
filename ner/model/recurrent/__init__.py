"""The recurrent layers between encoder and CRF."""
