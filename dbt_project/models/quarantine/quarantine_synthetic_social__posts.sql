{{ quarantined('synthetic_social', 'posts') }}
