{{ quarantined('crm', 'customers') }}
