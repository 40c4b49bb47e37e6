{{ quarantined('shop', 'coupon_redemptions') }}
