{{ quarantined('synthetic_web', 'events') }}
