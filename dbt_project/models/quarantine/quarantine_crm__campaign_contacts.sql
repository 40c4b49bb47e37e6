{{ quarantined('crm', 'campaign_contacts') }}
