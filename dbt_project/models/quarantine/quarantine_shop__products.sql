{{ quarantined('shop', 'products') }}
