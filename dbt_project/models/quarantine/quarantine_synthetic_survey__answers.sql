{{ quarantined('synthetic_survey', 'answers') }}
