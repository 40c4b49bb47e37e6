{{ quarantined('synthetic_social', 'reactions') }}
