#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "support/answers.h"

static struct arena *arena;
static struct profile_set *set;
static struct mta_setting setting;

/* What each value of each field of a profile does. Which client has it, and where that
 * was read, is for test_mta.c. */

struct knob_row {
	const char *name;
	const char *inherits, *fields; /* "key=value;key=value" */
	const char *script, *questions, *result;
};

#define M "A m: m A 192.0.2.25; "
#define N "A n: n A 192.0.2.7; "
#define TWO "MX c: c MX 5 n, c MX 10 m; " N M

static const struct knob_row knobs[] = {
	{ "addresses a", "rfc5321", "addresses=a", "MX c: c MX 1 m; " M,
		"MX c, A m, try "
		"192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "addresses aaaa-a", "rfc5321", "addresses=aaaa-a", "MX c: c MX 1 m; " M,
		"MX c, AAAA m, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "lazy look-ups ask the second host only in its turn", "rfc5321",
		"addresses=a;address-lookup=lazy", TWO, "MX c, A n, try 192.0.2.7",
		"delivered n 192.0.2.7" },
	{ "eager look-ups ask all hosts first", "rfc5321", "addresses=a", TWO,
		"MX c, A n, A m, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "a refused connection leads to the next host", "rfc5321", "addresses=a",
		TWO "try n refused", "MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "max-addresses 1 ends after one", "rfc5321", "addresses=a;max-addresses=1",
		TWO "try n refused", "MX c, A n, A m, try 192.0.2.7",
		"deferred 4.4.1" },
	{ "max-mx 1 looks at one", "rfc5321", "addresses=a;max-mx=1", TWO,
		"MX c, A n, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "max-sessions 1 ends after one session", "rfc5321",
		"addresses=a;max-sessions=1", TWO "try n r450",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.2.0" },
	{ "a 5xx to RCPT is final", "rfc5321", "addresses=a", TWO "try n r550",
		"MX c, A n, A m, try 192.0.2.7", "rejected n 192.0.2.7" },
	{ "after-greeting-5xx stop", "rfc5321", "addresses=a;after-greeting-5xx=stop",
		TWO "try n g554", "MX c, A n, A m, try 192.0.2.7", "bounced 5.3.0" },
	{ "after-greeting-5xx host", "rfc5321", "addresses=a;after-greeting-5xx=host",
		TWO "try n g554", "MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx strict lets a mixed one pass", "rfc5321", "addresses=a",
		"MX c: c MX 0 ., c MX 10 m; " M, "MX c, A ., A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx strict lets preference 10 pass", "rfc5321", "addresses=a",
		"MX c: c MX 10 .", "MX c, A .", "bounced 5.4.4" },
	{ "null-mx any takes preference 10", "rfc5321", "null-mx=any",
		"MX c: c MX 10 .", "MX c", "bounced 5.1.10" },
	{ "null-mx zero spares preference 10", "rfc5321", "null-mx=zero;addresses=a",
		"MX c: c MX 10 .", "MX c, A .", "bounced 5.4.4" },
	{ "null-mx single takes preference 10", "rfc5321", "null-mx=single",
		"MX c: c MX 10 .", "MX c", "bounced 5.1.10" },
	{ "null-mx skip uses the rest", "rfc5321", "null-mx=skip;addresses=a",
		"MX c: c MX 0 ., c MX 10 m; " M, "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx reached comes in its turn", "rfc5321",
		"null-mx=reached;addresses=a;address-lookup=lazy",
		"MX c: c MX 1 ., c MX 10 m; " M, "MX c", "bounced 5.1.10" },
	{ "literal-exchange reject", "rfc5321", "literal-exchange=reject",
		"MX c: c MX 1 192.0.2.9", "MX c", "bounced 5.1.2" },
	{ "literal-exchange accept", "rfc5321", "literal-exchange=accept",
		"MX c: c MX 1 192.0.2.9", "MX c, try 192.0.2.9",
		"delivered 192.0.2.9 192.0.2.9" },
	{ "mix-rule defer: soft outranks hard", "rfc5321", "addresses=a",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "deferred 4.4.3" },
	{ "mix-rule bounce: hard outranks soft", "rfc5321",
		"addresses=a;mix-rule=bounce",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "bounced 5.4.4" },
	{ "search-list mx goes on after NXDOMAIN", "rfc5321",
		"addresses=a;search-list=mx",
		"MX c NXDOMAIN; MX c.sender.example: c.sender.example MX 1 m; " M,
		"MX c, MX c.sender.example, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "owner-check yes ignores a foreign MX", "rfc5321", "addresses=a",
		"MX c: x MX 1 m; A c: c A 192.0.2.1; " M, "MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "owner-check no takes a foreign MX", "rfc5321", "addresses=a;owner-check=no",
		"MX c: x MX 1 m; A c: c A 192.0.2.1; " M, "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "cname-rounds 0 leaves the CNAME alone", "rfc5321",
		"addresses=a;cname-rounds=0",
		"MX c: c CNAME t; A c: c A 192.0.2.1; MX t: t MX 1 m",
		"MX c, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
	{ "kind validator does not try", "rfc5321", "addresses=a;kind=validator",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c, A m",
		"delivered m 192.0.2.25" },
	{ "kind mta tries", "rfc5321", "addresses=a;kind=mta",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "search-list none stays with the name", "rfc5321",
		"addresses=a;search-list=none", "MX c NXDOMAIN", "MX c",
		"bounced 5.1.2" },
	{ "search-list addresses is for hosts", "rfc5321",
		"addresses=a;search-list=addresses;on-nxdomain=address",
		"A c.sender.example: c.sender.example A 192.0.2.1",
		"MX c, A c, A c.sender.example, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "search-list both is for all", "rfc5321", "addresses=a;search-list=both",
		"MX c.sender.example: c.sender.example MX 1 m; A m.sender.example: "
		"m.sender.example A 192.0.2.25",
		"MX c, MX c.sender.example, A m, A m.sender.example, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "search-list domain spares exchanges", "rfc5321",
		"addresses=a;search-list=domain", "MX c: c MX 1 m; A m NXDOMAIN",
		"MX c, A m", "bounced 5.4.4" },
	{ "search-list domain is for an implicit MX", "rfc5321",
		"addresses=a;search-list=domain",
		"MX c: ; A c.sender.example: c.sender.example A 192.0.2.1",
		"MX c, MX c.sender.example, A c, A c.sender.example, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "remembers-failures yes spares the question", "rfc5321",
		"addresses=a;rewrite=penultimate;owner-check=no;remembers-failures=yes",
		"MX c: c CNAME b, b CNAME t; MX t: ; MX b: b CNAME t; A c: c A "
		"192.0.2.1; A b: b A 192.0.2.2",
		"MX c, MX t, A c, MX b, A b, try 192.0.2.2", "delivered b 192.0.2.2" },
	{ "remembers-failures no asks again", "rfc5321",
		"addresses=a;rewrite=penultimate;owner-check=no;remembers-failures=no",
		"MX c: c CNAME b, b CNAME t; MX t: ; MX b: b CNAME t; A c: c A "
		"192.0.2.1; A b: b A 192.0.2.2",
		"MX c, MX t, A c, MX b, MX t, A b, try 192.0.2.2",
		"delivered b 192.0.2.2" },
	{ "answer-limit 40 is a soft failure", "rfc5321", "answer-limit=40",
		"MX c: c MX 1 m, c MX 2 n, c MX 3 o", "MX c", "deferred 4.4.3" },
	{ "mta-sts none asks no TXT", "rfc5321", "addresses=a;mta-sts=none",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "mta-sts before-mx", "rfc5321", "addresses=a;mta-sts=before-mx",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"TXT _mta-sts.c, MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "mta-sts after-mx", "rfc5321", "addresses=a;mta-sts=after-mx",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, TXT _mta-sts.c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "canon-first none", "rfc5321", "addresses=a;canon-first=none",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "canon-first sendmail", "rfc5321", "addresses=a;canon-first=sendmail",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"AAAA c, A c, MX c, MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "canon-first any", "rfc5321", "addresses=a;canon-first=any",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"ANY c, MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "canon-first cname", "rfc5321", "addresses=a;canon-first=cname",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"CNAME c, MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "canon-first mox", "rfc5321", "addresses=a;canon-first=mox",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"A c, AAAA c, CNAME c, MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "canon-first required wants a CNAME", "rfc5321",
		"addresses=a;canon-first=required;on-canon-soft=bounce 5.9.1",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "CNAME c", "bounced 5.9.1" },
	{ "canon-max 1 stops the look for a name", "rfc5321",
		"addresses=a;canon-first=cname;canon-max=1;mx-name=canonical",
		"CNAME c: c CNAME b; CNAME b: b CNAME t; MX b: b MX 1 m; A m: m A "
		"192.0.2.25",
		"CNAME c, MX b, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "on-canon-soft bounce", "rfc5321",
		"canon-first=cname;on-canon-soft=bounce 5.9.1", "CNAME c SERVFAIL",
		"CNAME c", "bounced 5.9.1" },
	{ "on-canon-loop bounce", "rfc5321",
		"canon-first=mox;canon-max=1;on-canon-loop=bounce 5.9.1",
		"CNAME c: c CNAME b; CNAME b: b CNAME t",
		"A c, AAAA c, CNAME c, A b, AAAA b, CNAME b", "bounced 5.9.1" },
	{ "canon-again yes", "rfc5321",
		"addresses=a;canon-first=sendmail;canon-again=yes",
		"MX c: ; A c: c A 192.0.2.1",
		"AAAA c, A c, MX c, AAAA c, A c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "canon-again no", "rfc5321",
		"addresses=a;canon-first=sendmail;canon-again=no",
		"MX c: ; A c: c A 192.0.2.1", "AAAA c, A c, MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "mx-name original", "rfc5321",
		"addresses=a;canon-first=cname;mx-name=original",
		"CNAME c: c CNAME t; MX t: t MX 5 n; A n: n A 192.0.2.7; MX c: c "
		"MX 1 m; A m: m A 192.0.2.25",
		"CNAME c, CNAME t, MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "mx-name canonical", "rfc5321",
		"addresses=a;canon-first=cname;mx-name=canonical",
		"CNAME c: c CNAME t; MX t: t MX 5 n; A n: n A 192.0.2.7; MX c: c "
		"MX 1 m; A m: m A 192.0.2.25",
		"CNAME c, CNAME t, MX t, A n, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "implicit-target original", "rfc5321",
		"addresses=a;canon-first=cname;implicit-target=original",
		"CNAME c: c CNAME t; A c: c A 192.0.2.1; A t: t A 192.0.2.2",
		"CNAME c, CNAME t, MX c, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
	{ "implicit-target canonical", "rfc5321",
		"addresses=a;canon-first=cname;implicit-target=canonical",
		"CNAME c: c CNAME t; A c: c A 192.0.2.1; A t: t A 192.0.2.2",
		"CNAME c, CNAME t, MX c, A t, try 192.0.2.2", "delivered t 192.0.2.2" },
	{ "cname-query yes", "rfc5321", "addresses=a;cname-query=yes",
		"CNAME c: c CNAME t; MX t: t MX 1 m; A c: c A 192.0.2.1; A m: m A "
		"192.0.2.25",
		"MX c, CNAME c, MX t, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "cname-query no", "rfc5321", "addresses=a;cname-query=no",
		"CNAME c: c CNAME t; MX t: t MX 1 m; A c: c A 192.0.2.1; A m: m A "
		"192.0.2.25",
		"MX c, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
	{ "cname-restart if-absent", "rfc5321", "addresses=a;cname-restart=if-absent",
		"MX c: c CNAME t, t MX 1 m; MX t: t MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "cname-restart always", "rfc5321", "addresses=a;cname-restart=always",
		"MX c: c CNAME t, t MX 1 m; MX t: t MX 1 m; A m: m A 192.0.2.25",
		"MX c, MX t, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "hop-count questions spares a chased chain", "rfc5321",
		"addresses=a;cname-rounds=1;hop-count=questions",
		"MX c: c CNAME b, b CNAME t, t MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "hop-count all counts a chased chain", "rfc5321",
		"addresses=a;cname-rounds=1;hop-count=all",
		"MX c: c CNAME b, b CNAME t, t MX 1 m; A m: m A 192.0.2.25", "MX c",
		"bounced 5.4.6" },
	{ "owner-check yes ignores strangers", "rfc5321", "addresses=a;owner-check=yes",
		"MX c: x MX 1 n, c MX 2 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "foreign-answer nothing", "rfc5321", "addresses=a;foreign-answer=nothing",
		"MX c: c TXT x; A c: c A 192.0.2.1", "MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "foreign-answer soft", "rfc5321", "foreign-answer=soft",
		"MX c: c TXT x; A c: c A 192.0.2.1", "MX c", "deferred 4.4.3" },
	{ "foreign-answer absent", "rfc5321", "foreign-answer=absent",
		"MX c: c TXT x; A c: c A 192.0.2.1", "MX c", "bounced 5.1.2" },
	{ "loop-result address", "rfc5321",
		"addresses=a;cname-rounds=1;loop-result=address",
		"MX c: c CNAME b; MX b: b CNAME t; A c: c A 192.0.2.1",
		"MX c, MX b, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
	{ "on-nodata bounce", "rfc5321", "on-nodata=bounce 5.9.1", "MX c: ", "MX c",
		"bounced 5.9.1" },
	{ "on-nxdomain defer", "rfc5321", "on-nxdomain=defer 4.9.1", "", "MX c",
		"deferred 4.9.1" },
	{ "on-soft address", "rfc5321", "addresses=a;on-soft=address",
		"MX c SERVFAIL; A c: c A 192.0.2.1", "MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "on-norecovery bounce", "rfc5321", "on-norecovery=bounce 5.9.1",
		"MX c FORMERR", "MX c", "bounced 5.9.1" },
	{ "null-mx strict is one record of preference 0", "rfc5321", "null-mx=strict",
		"MX c: c MX 0 .", "MX c", "bounced 5.1.10" },
	{ "null-mx unknown asks for the root", "rfc5321", "addresses=a;null-mx=unknown",
		"MX c: c MX 0 .", "MX c, A .", "bounced 5.4.4" },
	{ "null-mx skip-zero leaves preference 10", "rfc5321",
		"addresses=a;null-mx=skip-zero", "MX c: c MX 0 ., c MX 10 .",
		"MX c, A .", "bounced 5.4.4" },
	{ "null-mx level is null before worse ones", "rfc5321",
		"addresses=a;null-mx=level", "MX c: c MX 0 ., c MX 10 m", "MX c",
		"bounced 5.1.10" },
	{ "on-null-mx defer", "rfc5321", "on-null-mx=defer 4.9.1", "MX c: c MX 0 .",
		"MX c", "deferred 4.9.1" },
	{ "localhost-null yes", "rfc5321", "null-mx=skip-zero;localhost-null=yes",
		"MX c: c MX 7 localhost; A localhost: localhost A 127.0.0.1", "MX c",
		"bounced 5.1.10" },
	{ "localhost-null no", "rfc5321",
		"addresses=a;null-mx=skip-zero;localhost-null=no;local-exchange=none",
		"MX c: c MX 7 localhost; A localhost: localhost A 127.0.0.1",
		"MX c, A localhost, try 127.0.0.1", "delivered localhost 127.0.0.1" },
	{ "literal-exchange kept stays behind the own host", "rfc5321",
		"addresses=a;literal-exchange=kept",
		"MX c: c MX 5 m, c MX 10 192.0.2.9; A m: m A 203.0.113.10",
		"MX c, A m, try 192.0.2.9", "delivered 192.0.2.9 192.0.2.9" },
	{ "literal-exchange asked", "rfc5321", "addresses=a;literal-exchange=asked",
		"MX c: c MX 5 192.0.2.9", "MX c, A 192.0.2.9, try 192.0.2.9",
		"delivered 192.0.2.9 192.0.2.9" },
	{ "literal-exchange name", "rfc5321", "addresses=a;literal-exchange=name",
		"MX c: c MX 5 192.0.2.9; A 192.0.2.9 NXDOMAIN", "MX c, A 192.0.2.9",
		"bounced 5.4.4" },
	{ "literal-exchange skip uses the rest", "rfc5321",
		"addresses=a;literal-exchange=skip",
		"MX c: c MX 5 192.0.2.9, c MX 9 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "on-literal holds when skip leaves nothing", "rfc5321",
		"literal-exchange=skip;on-literal=defer 4.9.1",
		"MX c: c MX 5 192.0.2.9", "MX c", "deferred 4.9.1" },
	{ "local-exchange none goes to itself", "rfc5321",
		"addresses=a;local-exchange=none",
		"MX c: c MX 5 m; A m: m A 203.0.113.10", "MX c, A m, try 203.0.113.10",
		"delivered m 203.0.113.10" },
	{ "local-exchange name does not know addresses", "rfc5321",
		"addresses=a;local-exchange=name",
		"MX c: c MX 5 m; A m: m A 203.0.113.10", "MX c, A m, try 203.0.113.10",
		"delivered m 203.0.113.10" },
	{ "local-exchange name knows names", "rfc5321",
		"addresses=a;local-exchange=name",
		"MX c: c MX 5 mx.sender.example.net; A mx.sender.example.net: "
		"mx.sender.example.net A 192.0.2.1",
		"MX c", "bounced 5.4.6" },
	{ "local-exchange ip knows addresses", "rfc5321",
		"addresses=a;local-exchange=ip",
		"MX c: c MX 5 m; A m: m A 203.0.113.10", "MX c, A m", "bounced 5.4.6" },
	{ "local-exchange any knows names", "rfc5321", "addresses=a;local-exchange=any",
		"MX c: c MX 5 mx.sender.example.net; A mx.sender.example.net: "
		"mx.sender.example.net A 192.0.2.1",
		"MX c", "bounced 5.4.6" },
	{ "local-exchange any knows addresses", "rfc5321",
		"addresses=a;local-exchange=any",
		"MX c: c MX 5 m; A m: m A 203.0.113.10", "MX c, A m", "bounced 5.4.6" },
	{ "local-exchange name-or-interface asks first", "rfc5321",
		"addresses=a;local-exchange=name-or-interface",
		"MX c: c MX 5 mx.sender.example.net; A mx.sender.example.net: "
		"mx.sender.example.net A 192.0.2.1",
		"MX c, A mx.sender.example.net", "bounced 5.4.6" },
	{ "local-exchange drop goes on behind itself", "rfc5321",
		"addresses=a;local-exchange=drop",
		"MX c: c MX 5 s, c MX 9 m; A s: s A 203.0.113.10; A m: m A 192.0.2.25",
		"MX c, A s, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "local-exchange drop-loopback keeps own addresses", "rfc5321",
		"addresses=a;local-exchange=drop-loopback",
		"MX c: c MX 5 l, c MX 9 m; A l: l A 127.0.0.1; A m: m A 203.0.113.10",
		"MX c, A l, A m, try 203.0.113.10", "delivered m 203.0.113.10" },
	{ "local-exchange drop-zero keeps all but 0.0.0.0", "rfc5321",
		"addresses=a;local-exchange=drop-zero",
		"MX c: c MX 5 z, c MX 9 l; A z: z A 0.0.0.0; A l: l A 127.0.0.1",
		"MX c, A z, A l, try 127.0.0.1", "delivered l 127.0.0.1" },
	{ "empty-exchange asked: the root's addresses", "rfc5321",
		"addresses=a;null-mx=unknown;empty-exchange=asked",
		"MX c: c MX 5 ., c MX 9 m; A m: m A 192.0.2.25",
		"MX c, A ., A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "empty-exchange nothing: no question", "rfc5321",
		"addresses=a;null-mx=unknown;empty-exchange=nothing",
		"MX c: c MX 5 ., c MX 9 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "empty-exchange turn: behind the others' addresses, once", "rfc5321",
		"addresses=a;null-mx=unknown;empty-exchange=turn",
		"MX c: c MX 5 ., c MX 7 ., c MX 9 m; A m: m A 192.0.2.25",
		"MX c, A m, A ., try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "empty-exchange turn: not behind a better host", "rfc5321",
		"addresses=a;null-mx=unknown;empty-exchange=turn",
		"MX c: c MX 5 m, c MX 9 .; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "alias-exempt yes", "rfc5321",
		"addresses=a;canon-first=cname;rewrite=rcpt;local-exchange=ip;alias-"
		"exempt=yes",
		"CNAME c: c CNAME t; MX c: c MX 5 m; A m: m A 203.0.113.10",
		"CNAME c, CNAME t, MX c, A m, try 203.0.113.10",
		"delivered m 203.0.113.10" },
	{ "alias-exempt no", "rfc5321",
		"addresses=a;canon-first=cname;rewrite=rcpt;local-exchange=ip;alias-"
		"exempt=no",
		"CNAME c: c CNAME t; MX c: c MX 5 m; A m: m A 203.0.113.10",
		"CNAME c, CNAME t, MX c, A m", "bounced 5.4.6" },
	{ "ignore-loopback yes", "rfc5321",
		"addresses=a;local-exchange=none;ignore-loopback=yes",
		"MX c: c MX 5 m; A m: m A 127.0.0.1, m A 0.0.0.0", "MX c, A m",
		"bounced 5.4.4" },
	{ "ignore-loopback no", "rfc5321",
		"addresses=a;local-exchange=none;ignore-loopback=no",
		"MX c: c MX 5 m; A m: m A 127.0.0.1", "MX c, A m, try 127.0.0.1",
		"delivered m 127.0.0.1" },
	{ "on-self-best defer", "rfc5321", "addresses=a;on-self-best=defer 4.9.1",
		"MX c: c MX 5 m; A m: m A 203.0.113.10", "MX c, A m",
		"deferred 4.9.1" },
	{ "on-self-rest defer", "rfc5321", "addresses=a;on-self-rest=defer 4.9.1",
		"MX c: c MX 5 h, c MX 9 m; A h NXDOMAIN; A m: m A 203.0.113.10",
		"MX c, A h, A m", "deferred 4.9.1" },
	{ "addresses a-aaaa", "rfc5321", "addresses=a-aaaa",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "addresses none asks nothing", "rfc5321", "addresses=none",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c", "bounced 5.4.4" },
	{ "address-lookup eager", "rfc5321", "addresses=a;address-lookup=eager",
		"MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "second-if-needed yes", "rfc5321", "second-if-needed=yes",
		"MX c: c MX 1 m; A m: m A 192.0.2.25", "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "second-if-needed no", "rfc5321", "second-if-needed=no",
		"MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "implicit-if-empty yes", "rfc5321", "implicit-if-empty=yes",
		"MX c: ; A c: c A 192.0.2.1", "MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "implicit-if-empty no", "rfc5321", "implicit-if-empty=no",
		"MX c: ; A c: c A 192.0.2.1", "MX c, A c, AAAA c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "trust-mx yes asks no address", "rfc5321", "kind=validator;trust-mx=yes",
		"MX c: c MX 1 m", "MX c", "delivered m" },
	{ "trust-mx no asks", "rfc5321", "addresses=a;kind=validator;trust-mx=no",
		"MX c: c MX 1 m; A m NXDOMAIN", "MX c, A m", "bounced 5.4.4" },
	{ "additional no", "rfc5321", "additional=no",
		"MX c: c MX 1 m | m A 192.0.2.25; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "additional yes asks the other family", "rfc5321", "additional=yes",
		"MX c: c MX 1 m | m A 192.0.2.25; A m: m A 192.0.2.25",
		"MX c, AAAA m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "additional enough asks nothing", "rfc5321", "additional=enough",
		"MX c: c MX 1 m | m A 192.0.2.25; A m: m A 192.0.2.25",
		"MX c, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "canonical-host yes", "rfc5321", "addresses=a;canonical-host=yes",
		"MX c: c MX 1 x; A x: x CNAME m, m A 192.0.2.25",
		"MX c, A x, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "canonical-host no", "rfc5321", "addresses=a;canonical-host=no",
		"MX c: c MX 1 x; A x: x CNAME m, m A 192.0.2.25",
		"MX c, A x, try 192.0.2.25", "delivered x 192.0.2.25" },
	{ "address-cname-rounds 0", "rfc5321", "addresses=a;address-cname-rounds=0",
		"MX c: c MX 1 x; A x: x CNAME m; A m: m A 192.0.2.25", "MX c, A x",
		"bounced 5.4.4" },
	{ "address-cname-query none", "rfc5321",
		"addresses=a;address-cname-rounds=2;address-cname-query=none",
		"MX c: c MX 1 x; CNAME x: x CNAME m; A m: m A 192.0.2.25", "MX c, A x",
		"bounced 5.4.4" },
	{ "address-cname-query before", "rfc5321",
		"addresses=a;address-cname-rounds=2;address-cname-query=before",
		"MX c: c MX 1 x; CNAME x: x CNAME m; A m: m A 192.0.2.25",
		"MX c, A x, AAAA x, CNAME x, A m, AAAA m, CNAME m, A m, try 192.0.2.25",
		"delivered x 192.0.2.25" },
	{ "address-cname-query after", "rfc5321",
		"addresses=a;address-cname-rounds=2;address-cname-query=after",
		"MX c: c MX 1 x; CNAME x: x CNAME m; A m: m A 192.0.2.25",
		"MX c, A x, CNAME x, A m, try 192.0.2.25", "delivered x 192.0.2.25" },
	{ "judges-last yes waits for the other exchanges", "rfc5321",
		"addresses=a;literal-exchange=reject;judges-last=yes",
		"MX c: c MX 1 192.0.2.9, c MX 2 m; A m: m A 192.0.2.25", "MX c, A m",
		"bounced 5.1.2" },
	{ "judges-last no does not", "rfc5321",
		"addresses=a;literal-exchange=reject;judges-last=no",
		"MX c: c MX 1 192.0.2.9, c MX 2 m; A m: m A 192.0.2.25", "MX c",
		"bounced 5.1.2" },
	{ "judges-last yes with nobody else judges at once", "rfc5321",
		"addresses=a;null-mx=any;judges-last=yes", "MX c: c MX 5 .", "MX c",
		"bounced 5.1.10" },
	{ "host-loop-final yes", "rfc5321",
		"addresses=a;address-cname-rounds=1;host-loop-final=yes",
		"MX c: c MX 1 l, c MX 2 m; A l: l CNAME l; A m: m A 192.0.2.25",
		"MX c, A l", "bounced 5.4.6" },
	{ "host-loop-final no", "rfc5321",
		"addresses=a;address-cname-rounds=1;host-loop-final=no",
		"MX c: c MX 1 l, c MX 2 m; A l: l CNAME l; A m: m A 192.0.2.25",
		"MX c, A l, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "aaaa-soft-fatal yes", "rfc5321", "addresses=aaaa-a;aaaa-soft-fatal=yes",
		"MX c: c MX 1 m; AAAA m SERVFAIL; A m: m A 192.0.2.25", "MX c, AAAA m",
		"deferred 4.4.3" },
	{ "aaaa-soft-fatal no", "rfc5321", "addresses=aaaa-a;aaaa-soft-fatal=no",
		"MX c: c MX 1 m; AAAA m SERVFAIL; A m: m A 192.0.2.25",
		"MX c, AAAA m, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "soft-host any", "rfc5321", "soft-host=any",
		"MX c: c MX 1 m; A m SERVFAIL; AAAA m: ", "MX c, A m, AAAA m",
		"deferred 4.4.3" },
	{ "soft-host both", "rfc5321", "soft-host=both",
		"MX c: c MX 1 m; A m SERVFAIL; AAAA m: ", "MX c, A m, AAAA m",
		"bounced 5.4.4" },
	{ "soft-host never", "rfc5321", "addresses=a;soft-host=never",
		"MX c: c MX 1 m; A m SERVFAIL", "MX c, A m", "bounced 5.4.4" },
	{ "soft-host last forgets the first", "rfc5321", "soft-host=last",
		"MX c: c MX 1 m; A m SERVFAIL; AAAA m: ", "MX c, A m, AAAA m",
		"bounced 5.4.4" },
	{ "soft-host last counts the last", "rfc5321", "soft-host=last",
		"MX c: c MX 1 m; A m: ; AAAA m SERVFAIL", "MX c, A m, AAAA m",
		"deferred 4.4.3" },
	{ "short-name no keeps the whole name", "rfc5321",
		"addresses=a;search-list=addresses;second-if-needed=yes;short-name=no",
		"MX c: c MX 1 h.sender.example.net",
		"MX c, A h.sender.example.net, A h.sender.example.net.sender.example",
		"bounced 5.4.4" },
	{ "short-name yes takes the own domain off", "rfc5321",
		"addresses=a;search-list=addresses;second-if-needed=yes;short-name=yes",
		"MX c: c MX 1 h.sender.example.net; A h: h A 192.0.2.25",
		"MX c, A h.sender.example.net, A h.sender.example, A h, "
		"try 192.0.2.25",
		"delivered h.sender.example.net 192.0.2.25" },
	{ "short-name yes is for the own domain", "rfc5321",
		"addresses=a;search-list=addresses;second-if-needed=yes;short-name=yes",
		"MX c: c MX 1 h.b.sender.example.net",
		"MX c, A h.b.sender.example.net, "
		"A h.b.sender.example.net.sender.example",
		"bounced 5.4.4" },
	{ "bad-host skip", "rfc5321", "addresses=a;bad-host=skip",
		"MX c: c MX 1 h, c MX 2 m; A h NXDOMAIN; A m: m A 192.0.2.25",
		"MX c, A h, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "bad-host stop ends the list", "rfc5321", "addresses=a;bad-host=stop",
		"MX c: c MX 1 h, c MX 2 m; A h NXDOMAIN; A m: m A 192.0.2.25",
		"MX c, A h", "bounced 5.4.4" },
	{ "bad-host stop spares a list with an address", "rfc5321",
		"addresses=a;bad-host=stop",
		"MX c: c MX 1 m, c MX 2 h, c MX 3 n; A h NXDOMAIN; A n: n A "
		"192.0.2.7; try m refused; A m: m A 192.0.2.25",
		"MX c, A m, A h, A n, try 192.0.2.25, try 192.0.2.7",
		"delivered n 192.0.2.7" },
	{ "fallback-address yes", "rfc5321", "addresses=a;fallback-address=yes",
		"MX c: c MX 1 h; A h NXDOMAIN; A c: c A 192.0.2.1",
		"MX c, A h, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
	{ "fallback-address no", "rfc5321", "addresses=a;fallback-address=no",
		"MX c: c MX 1 h; A h NXDOMAIN; A c: c A 192.0.2.1", "MX c, A h",
		"bounced 5.4.4" },
	{ "mix-rule defer", "rfc5321", "addresses=a;mix-rule=defer",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "deferred 4.4.3" },
	{ "on-host-nodata bounce", "rfc5321", "addresses=a;on-host-nodata=bounce 5.9.1",
		"MX c: c MX 1 m; A m: ", "MX c, A m", "bounced 5.9.1" },
	{ "on-no-address defer", "rfc5321", "addresses=a;on-no-address=defer 4.9.1",
		"MX c: c MX 1 h; A h NXDOMAIN", "MX c, A h", "deferred 4.9.1" },
	{ "on-no-address-soft bounce", "rfc5321",
		"addresses=a;on-no-address-soft=bounce 5.9.1",
		"MX c: c MX 1 s; A s SERVFAIL", "MX c, A s", "bounced 5.9.1" },
	{ "on-no-address-mixed holds when a hard one came last", "rfc5321",
		"addresses=a;on-no-address-mixed=defer 4.9.1",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "deferred 4.9.1" },
	{ "on-no-address-failed holds after FORMERR", "rfc5321",
		"addresses=a;on-no-address-failed=bounce 5.9.1;on-norecovery=bounce",
		"MX c: c MX 1 m; A m FORMERR", "MX c, A m", "bounced 5.9.1" },
	{ "on-implicit-hard defer", "rfc5321",
		"addresses=a;on-implicit-hard=defer 4.9.1", "MX c: ", "MX c, A c",
		"deferred 4.9.1" },
	{ "on-implicit-soft bounce", "rfc5321",
		"addresses=a;on-implicit-soft=bounce 5.9.1", "MX c: ; A c SERVFAIL",
		"MX c, A c", "bounced 5.9.1" },
	{ "on-implicit-empty holds for a bare alias", "rfc5321",
		"addresses=a;on-implicit-empty=bounce 5.9.1;address-cname-rounds=0",
		"MX c: ; A c: c CNAME t", "MX c, A c", "bounced 5.9.1" },
	{ "family-first asked", "rfc5321", "family-first=asked",
		"MX c: c MX 1 m; AAAA m: m AAAA 2001:db8::25; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "family-first v6", "rfc5321", "family-first=v6",
		"MX c: c MX 1 m; AAAA m: m AAAA 2001:db8::25; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 2001:db8::25", "delivered m 2001:db8::25" },
	{ "family-first v4", "rfc5321", "addresses=aaaa-a;family-first=v4",
		"MX c: c MX 1 m; AAAA m: m AAAA 2001:db8::25; A m: m A 192.0.2.25",
		"MX c, AAAA m, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "family-first alternate starts with IPv6", "rfc5321",
		"family-first=alternate",
		"MX c: c MX 1 m; AAAA m: m AAAA 2001:db8::25; A m: m A 192.0.2.25",
		"MX c, A m, AAAA m, try 2001:db8::25", "delivered m 2001:db8::25" },
	{ "dedupe yes", "rfc5321", "addresses=a;dedupe=yes",
		"MX c: c MX 1 m, c MX 2 m; try m refused; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "deferred 4.4.1" },
	{ "dedupe no", "rfc5321", "addresses=a;dedupe=no",
		"MX c: c MX 1 m, c MX 2 m; try m refused; A m: m A 192.0.2.25",
		"MX c, A m, A m, try 192.0.2.25, try 192.0.2.25", "deferred 4.4.1" },
	{ "max-addresses-then stop", "rfc5321",
		"addresses=a;max-addresses=1;max-addresses-then=stop",
		"try n refused; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A "
		"m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.4.1" },
	{ "max-addresses-then preference", "rfc5321",
		"addresses=a;max-addresses=1;max-addresses-then=preference",
		"try n refused; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A "
		"m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "max-attempts 1", "rfc5321", "addresses=a;max-attempts=1",
		"try n refused; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A "
		"m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.4.1" },
	{ "max-per-host 1", "rfc5321", "addresses=a;max-per-host=1",
		"MX c: c MX 1 m; A m: m A 192.0.2.25, m A 192.0.2.26; try m refused",
		"MX c, A m, try 192.0.2.25", "deferred 4.4.1" },
	{ "after-greeting-4xx address tries both addresses of the host", "rfc5321",
		"addresses=a;after-greeting-4xx=address",
		"try n g421; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.8, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "after-greeting-4xx host tries the next host", "rfc5321",
		"addresses=a;after-greeting-4xx=host",
		"try n g421; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "after-greeting-4xx stop", "rfc5321", "addresses=a;after-greeting-4xx=stop",
		"try n g421; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.3.2" },
	{ "after-greeting-5xx address tries both addresses of the host", "rfc5321",
		"addresses=a;after-greeting-5xx=address",
		"try n g554; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.8, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "after-rcpt-4xx address tries both addresses of the host", "rfc5321",
		"addresses=a;after-rcpt-4xx=address",
		"try n r450; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.8, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "after-rcpt-4xx host tries the next host", "rfc5321",
		"addresses=a;after-rcpt-4xx=host",
		"try n r450; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "after-rcpt-4xx stop", "rfc5321", "addresses=a;after-rcpt-4xx=stop",
		"try n r450; MX c: c MX 5 n, c MX 9 m; A n: n A 192.0.2.7, n A "
		"192.0.2.8; A m: m A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.2.0" },
	{ "first-connection-final yes", "rfc5321",
		"addresses=a;first-connection-final=yes",
		"try n g421; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A m: m "
		"A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.3.2" },
	{ "first-connection-final no", "rfc5321",
		"addresses=a;first-connection-final=no",
		"try n g421; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; A m: m "
		"A 192.0.2.25",
		"MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "on-unreachable bounce", "rfc5321", "addresses=a;on-unreachable=bounce 5.9.1",
		"try m refused; MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "bounced 5.9.1" },
	{ "on-greeting-4xx bounce", "rfc5321",
		"addresses=a;on-greeting-4xx=bounce 5.9.1",
		"try m g421; MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "bounced 5.9.1" },
	{ "on-greeting-5xx defer", "rfc5321", "addresses=a;on-greeting-5xx=defer 4.9.1",
		"try m g554; MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "deferred 4.9.1" },
	{ "on-rcpt-4xx bounce", "rfc5321", "addresses=a;on-rcpt-4xx=bounce 5.9.1",
		"try m r450; MX c: c MX 1 m; A m: m A 192.0.2.25",
		"MX c, A m, try 192.0.2.25", "bounced 5.9.1" },
	{ "spf-check yes", "rfc5321", "addresses=a;kind=validator;spf-check=yes",
		"MX c: ; A c: c A 192.0.2.1; TXT c: c TXT v=spf1 -all",
		"MX c, A c, TXT c", "bounced -" },
	{ "spf-check no", "rfc5321", "addresses=a;kind=validator;spf-check=no",
		"MX c: ; A c: c A 192.0.2.1; TXT c: c TXT v=spf1 -all", "MX c, A c",
		"delivered c 192.0.2.1" },
	{ "global-only yes", "rfc5321", "addresses=a;global-only=yes",
		"MX c: c MX 1 m; A m: m A 10.0.0.1", "MX c, A m", "bounced 5.4.4" },
	{ "global-only no", "rfc5321", "addresses=a;global-only=no",
		"MX c: c MX 1 m; A m: m A 10.0.0.1", "MX c, A m, try 10.0.0.1",
		"delivered m 10.0.0.1" },
};

static void set_fields(struct mta_profile *p, const char *fields)
{
	static const struct place at = { "row", 1, 1 };
	char *copy = arena_strdup(arena, fields), *one;
	struct errs errs;

	errs_init(&errs, arena);
	while ((one = strsep(&copy, ";")) != NULL) {
		char *value = strchr(one, '=');

		*value++ = '\0';
		assert_int_equal(
			profile_set_field(set, p, one, value, at, at, &errs), 0);
	}
}

/* A client of rfc5321's kind, but for these fields. */
static struct mta *mine(const char *inherits, const char *fields, uint64_t seed)
{
	static const struct place at = { "row", 1, 1 };
	static unsigned serial;
	const char *name = arena_printf(arena, "mine-%u", serial++);
	struct errs errs;

	errs_init(&errs, arena);
	set_fields(profile_define(set, name, inherits, at, &errs), fields);
	return mta_new(arena, profile_find(set, name), &setting, "user@c", seed, NULL);
}

static void test_knob(void **state)
{
	const struct knob_row *row = *state;
	struct mta *m = mine(row->inherits, row->fields, 1);
	const char *questions = answers_run(arena, m, row->script, true);

	assert_string_equal(questions, row->questions);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
}

/* ---- is there a row for each value? ---- */

/* Tested elsewhere: texts and libraries (test_stub.c, test_profile.c), the recipient's
 * domain (test_knobs.c), rewriting, chance, absent families,
 * replies and the sender (below). */
static const char *const elsewhere[] = { "versions", "stub", "idn",
	"on-literal-recipient", "rewrite", "order", "pool", "random-answer",
	"ask-absent", "reply-status", "on-sender-soft" };

static bool is_elsewhere(const char *field)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strcmp(elsewhere[i], field) == 0)
			return true;
	}
	return false;
}

/* Does some row set the field, and to the value if there is one? */
static bool has_row(const char *field, const char *value)
{
	const char *want = *value == '\0'
				   ? arena_printf(arena, ";%s=", field)
				   : arena_printf(arena, ";%s=%s;", field, value);

	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (strstr(arena_printf(arena, ";%s;", knobs[i].fields), want) != NULL)
			return true;
	}
	return false;
}

static void check_field(struct str *missing, const char *field, char *values)
{
	bool words = strchr(values, '|') != NULL && strstr(values, "reason") == NULL;
	char *value;

	if (is_elsewhere(field))
		return;
	if (!words && !has_row(field, ""))
		str_printf(missing, "%s; ", field);
	while (words && (value = strsep(&values, "| ")) != NULL) {
		if (*value != '\0' && !has_row(field, value))
			str_printf(missing, "%s=%s; ", field, value);
	}
}

static void every_value_of_every_field_has_a_row(void **state)
{
	struct str values = STR_INIT, missing = STR_INIT;
	const char *field;

	(void)state;
	str_puts(&missing, "no row: ");
	for (size_t i = 0; (field = profile_field_name(i)) != NULL; i++) {
		str_reset(&values);
		profile_field_values(&values, i);
		check_field(&missing, field, arena_strdup(arena, values.data));
	}
	assert_string_equal(missing.data, "no row: ");
	str_clear(&values);
	str_clear(&missing);
}

/* ---- what is rewritten ---- */

struct rewrite_row {
	const char *name, *fields, *script, *rcpt;
	unsigned n_rewrites; /* 2: RCPT and headers */
};

#define ALIAS "CNAME c: c CNAME t; MX c: c MX 1 m; " M

static const struct rewrite_row rewrites[] = {
	{ "rewrite none", "canon-first=cname;rewrite=none", ALIAS, "user@c", 0 },
	{ "rewrite rcpt", "canon-first=cname;rewrite=rcpt", ALIAS, "user@t", 1 },
	{ "rewrite all", "canon-first=cname;rewrite=all", ALIAS, "user@t", 2 },
	{ "rewrite penultimate takes the owner of the last CNAME",
		"rewrite=penultimate",
		"MX c: c CNAME b, b CNAME t, t MX 1 m; MX b: b CNAME t, t MX 1 m; " M,
		"user@b", 2 },
	{ "rewrite penultimate leaves a chain of one", "rewrite=penultimate",
		"MX c: c CNAME t, t MX 1 m; " M, "user@c", 0 },
};

static void test_rewrite(void **state)
{
	const struct rewrite_row *row = *state;
	struct mta *m = mine("rfc5321", row->fields, 1);

	answers_run(arena, m, row->script, false);
	assert_string_equal(mta_result(m)->rcpt, row->rcpt);
	assert_int_equal(mta_result(m)->n_rewrites, row->n_rewrites);
}

/* ---- chance ---- */

struct chance_row {
	const char *name, *fields, *script;
	const char *first; /* the address tried first... */
	bool always;	   /* ... for every seed; else for some, but not for all */
};

#define EQUAL "MX c: c MX 1 n, c MX 1 m; " N M
#define PAIR "MX c: c MX 1 n; A n: n A 192.0.2.7, n A 192.0.2.8"

static const struct chance_row chances[] = {
	{ "order answer is fixed", "order=answer", EQUAL, "192.0.2.7", true },
	{ "order shuffle varies", "order=shuffle", EQUAL, "192.0.2.7", false },
	{ "order hash varies from process to process", "order=hash", EQUAL, "192.0.2.7",
		false },
	{ "order shuffle keeps the preference", "order=shuffle",
		"MX c: c MX 2 n, c MX 1 m; " N M, "192.0.2.25", true },
	{ "pool shuffle mixes the addresses of a host", "pool=shuffle;order=answer",
		PAIR, "192.0.2.8", false },
	{ "pool implicit leaves those of an exchange in order",
		"pool=implicit;order=answer", PAIR, "192.0.2.7", true },
	{ "pool implicit mixes those of a name without MX",
		"pool=implicit;order=answer",
		"MX c: ; A c: c A 192.0.2.7, c A 192.0.2.8", "192.0.2.7", false },
	{ "pool host leaves them in order", "pool=host;order=answer", PAIR, "192.0.2.7",
		true },
	{ "pool v6-first keeps the family before chance", "pool=v6-first;order=shuffle",
		"MX c: c MX 1 n, c MX 1 m; AAAA m: m AAAA 2001:db8::25; A m: ; " N,
		"2001:db8::25", true },
	{ "random-answer yes takes CNAME or MX", "random-answer=yes",
		"MX c: c CNAME t, c MX 1 n; MX t: t MX 1 m; " N M, "192.0.2.7", false },
	{ "random-answer no takes the MX", "random-answer=no",
		"MX c: c CNAME t, c MX 1 n; MX t: t MX 1 m; " N M, "192.0.2.7", true },
};

static void test_chance(void **state)
{
	const struct chance_row *row = *state;
	unsigned hits = 0;

	for (uint64_t i = 0; i < 32; i++) {
		/* Seeds that differ in all their bits. */
		uint64_t seed = i * UINT64_C(0x9e3779b97f4a7c15);
		struct mta *m = mine("rfc5321", row->fields, seed);
		char ip[IP_TEXT_MAX];

		answers_run(arena, m, row->script, false);
		hits += strcmp(ip_to_text(&mta_result(m)->ip, ip), row->first) == 0;
	}
	if (row->always)
		assert_int_equal(hits, 32);
	else
		assert_true(hits > 0 && hits < 32);
}

/* ---- a host without IPv6 ---- */

static void ask_absent_asks_and_tries_in_vain(void **state)
{
	static const char script[] = "MX c: c MX 1 m; AAAA m: m AAAA 2001:db8::25; " M;
	struct mta *m;

	(void)state;
	setting.no_ipv6 = true;
	m = mine("rfc5321", "ask-absent=yes;family-first=v6", 1);
	assert_string_equal(answers_run(arena, m, script, true),
		"MX c, A m, AAAA m, try 192.0.2.25");
	assert_int_equal(mta_result(m)->attempts, 2);
	m = mine("rfc5321", "ask-absent=no;family-first=v6", 1);
	assert_string_equal(
		answers_run(arena, m, script, true), "MX c, A m, try 192.0.2.25");
	assert_int_equal(mta_result(m)->attempts, 1);
	setting.no_ipv6 = false;
}

/* ---- the enhanced code of a reply ---- */

static void reply_status_is_the_hosts_or_its_own(void **state)
{
	static const struct smtp_reaction busy = {
		.stage = SMTP_GREETING, .code = 421, .status = "4.7.7"
	};
	static const char *const fields[] = { "reply-status=host", "reply-status=own" };
	static const char *const status[] = { "4.7.7", "4.3.2" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct mta *m = mine("rfc5321", fields[i], 1);
		struct mta_attempt attempt;
		struct question q;

		while (mta_want(m, &q, &attempt) == MTA_ASK)
			mta_answer(m, answers_find(arena, "MX c: c MX 1 m; " M, &q), 0);
		mta_reaction(m, &busy, 0);
		assert_int_equal(mta_want(m, &q, &attempt), MTA_DONE);
		assert_string_equal(mta_result(m)->status, status[i]);
	}
}

/* ---- the sender's domain ---- */

static void on_sender_soft_counts_when_a_host_takes_it(void **state)
{
	static const char script[] =
		"AAAA news SERVFAIL; A news SERVFAIL; MX news SERVFAIL; "
		"A c: c A 192.0.2.1; MX c: c MX 1 m; " M;
	struct mta *m;

	(void)state;
	setting.foreign_sender = true;
	setting.mail_from = "me@news";
	m = mine("rfc5321",
		"canon-first=sendmail;addresses=a;on-sender-soft=defer 4.9.1", 1);
	assert_string_equal(answers_run(arena, m, script, true),
		"AAAA news, A news, MX news, AAAA c, A c, MX c, A m, try 192.0.2.25");
	assert_string_equal(answers_result(arena, mta_result(m)), "deferred 4.9.1");
	m = mine("rfc5321", "canon-first=sendmail;addresses=a;on-sender-soft=none", 1);
	answers_run(arena, m, script, true);
	assert_string_equal(
		answers_result(arena, mta_result(m)), "delivered m 192.0.2.25");
	setting.foreign_sender = false;
	setting.mail_from = "sender@sender.example.net";
}

/* DontExpandCnames: the search list makes a name whole all the same (run: 8.17). */
static void the_search_list_completes_where_aliases_stay(void **state)
{
	struct mta *m = mine("sendmail-dontexpand", "search-list=mx", 1);

	(void)state;
	assert_string_equal(
		answers_run(arena, m,
			"AAAA c NXDOMAIN; A c.sender.example: c.sender.example A "
			"192.0.2.1; MX c.sender.example: c.sender.example MX 1 m; " M,
			true),
		"AAAA c, AAAA c.sender.example, A c.sender.example, "
		"MX c.sender.example, AAAA m, A m, try 192.0.2.25");
	assert_string_equal(mta_result(m)->rcpt, "user@c.sender.example");
}

/* ---- chance from outside ---- */

static bool n_before_m(void *ctx, const struct name *host, unsigned *ret)
{
	char text[NAME_TEXT_MAX];

	(void)ctx;
	name_to_text(host, text);
	*ret = text[0] == 'm';
	return text[0] == 'm' || text[0] == 'n';
}

static void hosts_of_equal_preference_take_their_turns(void **state)
{
	static const char *const fields[] = { "addresses=a;order=shuffle",
		"addresses=a;order=hash" };

	(void)state;
	setting.turn = n_before_m;
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct mta *m = mine("rfc5321", fields[seed % 2], seed);

		assert_string_equal(
			answers_run(arena, m,
				"MX c: c MX 1 x, c MX 1 m, c MX 1 n, c MX 0 y", true),
			"MX c, A y, A n, A m, A x");
	}
	setting.turn = NULL;
}

int main(void)
{
	int failed;
	const struct name *names[1], *search[1];
	struct ip ip;

	arena = arena_new();
	set = profile_set_new(arena);
	names[0] = name_literal(arena, "mx.sender.example.net");
	search[0] = name_literal(arena, "sender.example");
	ip_from_text("203.0.113.10", &ip);
	setting = (struct mta_setting){ .self_names = names,
		.n_self_names = 1,
		.self_ips = &ip,
		.n_self_ips = 1,
		.search = search,
		.n_search = 1,
		.mail_from = "sender@sender.example.net" };
	TESTS_ADD_ROWS(knobs, test_knob);
	TESTS_ADD(every_value_of_every_field_has_a_row);
	TESTS_ADD_ROWS(rewrites, test_rewrite);
	TESTS_ADD_ROWS(chances, test_chance);
	TESTS_ADD(ask_absent_asks_and_tries_in_vain);
	TESTS_ADD(reply_status_is_the_hosts_or_its_own);
	TESTS_ADD(on_sender_soft_counts_when_a_host_takes_it);
	TESTS_ADD(the_search_list_completes_where_aliases_stay);
	TESTS_ADD(hosts_of_equal_preference_take_their_turns);
	failed = tests_run("mta-values");
	arena_free(arena);
	return failed;
}
