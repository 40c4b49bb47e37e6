{{ quarantined('synthetic_social', 'accounts') }}
