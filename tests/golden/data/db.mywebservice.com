$TTL 300
@        SOA ns1 hostmaster 1 3600 600 86400 60
@        NS  ns1
ns1      A   192.0.2.53
customer A   198.51.100.7
customer MX  10 mail
mail     A   192.0.2.25
