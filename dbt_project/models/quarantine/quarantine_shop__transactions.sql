{{ quarantined('shop', 'transactions') }}
