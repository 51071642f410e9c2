/*
 * Job ownership as it is built: partitions, incarnations, fences, adoption. See README.md.
 *
 * One step of a process is one transaction, one message or one event: whatever may happen
 * between two steps in reality can happen between two steps here. Time is not modelled: every
 * step may be delayed for ever, which covers slow disks, pauses, outages and lost messages.
 */

/* ---- sizes and fault budgets (override with -D) ---- */
#ifdef GROUPS           /* a settle may start several waiting jobs of the key, to be run one after the other */
#define USUAL 0         /* there each fault is asked for */
#else
#define USUAL 1
#endif
#ifndef NW
#define NW 3            /* worker incarnations; the last one is started during the run */
#endif
#ifndef NP
#define NP 1            /* partitions */
#endif
#ifndef CRASHES
#define CRASHES USUAL   /* CRASHES + FREEZES + DRAINS < NW, so that one worker is left */
#endif
#ifndef FREEZES
#define FREEZES USUAL
#endif
#ifndef DRAINS
#define DRAINS 0
#endif
#ifndef REBALANCES
#define REBALANCES USUAL  /* graceful moves of a partition between live members */
#endif
#ifndef RETRIES
#define RETRIES USUAL   /* results that ask for another run */
#endif
#ifndef UNSURE
#define UNSURE USUAL    /* claims that commit without the worker learning it */
#endif
#ifndef RESTARTS
#define RESTARTS 0      /* a worker's lane breaks and is started anew within its process */
#endif
#ifndef DOUBTS
#define DOUBTS 0        /* claims that a lane gives up, unanswered, while they are still under way */
#endif
#ifndef FAILS           /* this and the next two with groups only */
#define FAILS 0         /* runs that end for good, and not well */
#endif
#ifndef HOLDS
#define HOLDS 0         /* of those, how many hold their key until an operator lets it go */
#endif
#ifndef SKIPS
#define SKIPS 0         /* rows that an adoption passes over, since somebody has them locked */
#endif
#ifndef KEYED
#define KEYED 2         /* the first so many jobs share a key, in this order; 2 or 3 */
#endif

#define NONE  255
#define DOWN  0
#define UP    1
#define FROZEN 2
#define GONE  3

#define ABSENT  0       /* states of a job's row */
#define READY   1       /* waits: belongs to the owner of its partition */
#define RUNNING 2       /* belongs to its incarnation */
#define FINAL   3

/* What a thread is at: 1 runs; 2 has stored an intent; 3 looked at its row, and writes later; the rest with groups only. */
#define NEXT 4          /* has not begun: of a group, behind another */
#define BACK 5          /* will not begin, and is to wait again */
#define WELL 6          /* has succeeded; to be written down */
#define AGAIN 7         /* has not, and wants another run */
#define ILL  8          /* has not, and is over */

/* The log. */
#ifdef DUPLICATE        /* two partitions; job 0 was submitted a second time, to partition 1 */
#undef NP
#define NP 2
#define NJ 2
#define LEN(p)    ((p) == 0 -> 2 : 1)
#define JOB(p, o) ((p) == 0 -> (o) : 0)
#else
#if NP == 1
#ifndef NJ
#define NJ 3
#endif
#define LEN(p)    NJ
#define JOB(p, o) (o)
#else
#define NJ 3
#define LEN(p)    ((p) == 0 -> 2 : 1)
#define JOB(p, o) ((p) == 0 -> (o) : 2)
#endif
#endif

/* ---- Kafka's group ---- */
bit  member[NW];                    /* is in the group */
byte gowner[NP], gepoch[NP], epoch; /* assigned to whom, since which group epoch */
bit  grevoke[NP];                   /* the group asks for it back */

/* ---- Postgres ---- */
bit  fenced[NW], draining[NW];      /* worker_incarnation; draining = renews a lease of its own */
byte powner[NP], pepoch[NP];        /* partition_owner */
byte position[NP];                  /* next_offset */
byte jst[NJ], jinc[NJ], jpart[NJ];  /* job */
byte jatt[NJ];                      /* attempt of the running row */
bit  seen[NJ];                      /* identity: outlives the row */
bit  due[NJ];                       /* a waiting row that is looked at again; else whoever is before it has to give it a time */
bit  hold;                          /* a dead job holds the key */

/* ---- worker processes ---- */
byte st[NW];
typedef Hold {
	bit has; bit taken;             /* told of the assignment; has taken it over in Postgres */
	byte ep;                        /* the member epoch at which it was told */
	byte cl;                        /* next record to claim */
	byte late;                      /* 1 + a record polled, still unclaimed when it let go */
#if DOUBTS > 0
	byte kcl; byte kep              /* 1 + the record of a claim that was given up under way; its epoch */
#endif
}
typedef Per {
	Hold h[NP];
	byte thr[NJ];                   /* 0 no thread; else what it is at */
	byte att[NJ];                   /* attempt of the thread */
	byte rn[NJ];                    /* which start of a thread of the job it was, for the checker */
	byte kern[NJ], krun[NJ];        /* 1 + attempt of a settle that an ended lane left under way */
#ifdef GROUPS
	bit fol[NJ];                    /* its thread began, or is to begin, after another one's */
	byte kver[NJ];                  /* what the settle says, 16 more if of a follower */
	byte kput[NJ]                   /* 1 + attempt of a row that an ended lane is putting back */
#endif
#ifdef KEYMEM
	bit mem[NJ]                     /* knows the row */
#endif
}
Per w_[NW];

/* ---- bookkeeping of the checker ---- */
bit  faulted[NW];
byte settles[NJ];
byte crashes = CRASHES, freezes = FREEZES, drains = DRAINS;
byte rebalances = REBALANCES, retries = RETRIES, unsure = UNSURE, restarts = RESTARTS;
#if DOUBTS > 0
byte doubts = DOUBTS;
#endif
byte fails = FAILS, holds = HOLDS, skips = SKIPS;
byte runs[NJ];                      /* threads that were started of it */

#define H w_[w].h[p]
#ifdef KEYMEM
#define KNOWS(i, j, v) w_[i].mem[j] = v
#else
#define KNOWS(i, j, v) skip
#endif

/* ---- a key, as the tables have it; an unclaimed job is not seen. A place in it is a number: 0 before 1 before 2. ---- */
#define OPEN(j) (jst[j] == READY || jst[j] == RUNNING)
#define BEHIND(j) ((j) < KEYED && (((j) > 0 && OPEN(0)) || ((j) > 1 && OPEN(1))))
#define WAITS_BEHIND(j) ((j) < KEYED && (((j) > 0 && jst[0] == READY) || ((j) > 1 && jst[1] == READY)))
#define ALL_BEFORE_FINAL(j) ((j) >= KEYED || (((j) < 1 || jst[0] == FINAL) && ((j) < 2 || jst[1] == FINAL)))
#if KEYED > 2
#define KEY_RUNS (jst[0] == RUNNING || jst[1] == RUNNING || jst[2] == RUNNING)
#define KEY_WAITS (jst[0] == READY || jst[1] == READY || jst[2] == READY)
#define FIRST_WAITING (jst[0] == READY -> 0 : (jst[1] == READY -> 1 : (jst[2] == READY -> 2 : NONE)))
#else
#define KEY_RUNS (jst[0] == RUNNING || jst[1] == RUNNING)
#define KEY_WAITS (jst[0] == READY || jst[1] == READY)
#define FIRST_WAITING (jst[0] == READY -> 0 : (jst[1] == READY -> 1 : NONE))
#endif
#ifdef KEYMEM           /* an index in memory, loaded at takeover, kept by one's own claims */
#define KEYFREE(j) ((j) != 1 || !(w_[w].mem[0] && OPEN(0)))
#define KEYNEW(j) KEYFREE(j)
#else
#define KEYFREE(j) ((j) >= KEYED || !(KEY_RUNS || WAITS_BEHIND(j) || hold))
#define KEYNEW(j) ((j) >= KEYED || !(KEY_RUNS || KEY_WAITS || hold))
#endif

/* ---- the guards, each with a switch that removes it ---- */
#ifdef NO_CLAIM_EPOCH
#define MINE_TO_CLAIM(e) true
#else
#define MINE_TO_CLAIM(e) (powner[p] == w && pepoch[p] == (e))
#endif

#ifdef NO_WAKE_EPOCH
#define MINE_TO_WAKE true
#else
#define MINE_TO_WAKE (powner[p] == w && pepoch[p] == H.ep)
#endif

#ifdef NO_INCARNATION
#define OF_ME(j) true
#else
#define OF_ME(j) (jinc[j] == w)
#endif

#ifdef NO_ATTEMPT
#define OF_RUN(j, a) true
#else
#define OF_RUN(j, a) (jatt[j] == (a))
#endif

#define ROW_IS_MINE(j, a) (jst[j] == RUNNING && OF_ME(j) && OF_RUN(j, a))

#ifdef NO_MEMBER_EPOCH
#define NOT_OVERTAKEN true
#else
#define NOT_OVERTAKEN (pepoch[p] <= H.ep)
#endif

#ifdef NO_LEASE
#define ALIVE(x) (member[x])
#else
#define ALIVE(x) (member[x] || draining[x])
#endif

#ifdef FENCE_FOREIGN    /* whoever has running rows in my partition */
#define MAY_FENCE(x) true
#else
#define MAY_FENCE(x) (!ALIVE(x))
#endif

#ifdef ADOPT_FOREIGN    /* adoption without a fence */
#define MAY_ADOPT(x) true
#else
#define MAY_ADOPT(x) (fenced[x])
#endif

#ifdef NO_POSITION
#define IN_PLACE(o) true
#else
#define IN_PLACE(o) (position[p] == (o))
#endif

#ifdef NO_IDENTITY      /* duplicates are recognised by the live row alone */
#define KNOWN(j) (jst[j] == READY || jst[j] == RUNNING)
#else
#define KNOWN(j) (seen[j])
#endif

#ifdef SAME_ATTEMPT     /* a row without a thread is started as it is */
#define ANEW(a) (a)
#else
#define ANEW(a) ((a) + 1)
#endif

#ifdef NO_EARLY         /* a follower is closed without a look at what stands before it */
#define EARLY(j, follows) false
#else
#define EARLY(j, follows) ((follows) && BEHIND(j))
#endif

#ifdef NO_INTENT_ORDER
#define MAY_INTEND(j) true
#else
#define MAY_INTEND(j) (!BEHIND(j))
#endif

#ifdef ADOPT_FOLLOWERS  /* what was a group goes on as one, side by side */
#define LEFT_OF_GROUP(j) false
#else
#define LEFT_OF_GROUP(j) BEHIND(j)
#endif

#ifdef NO_RECHECK       /* who waits again has no time: whoever is before it will see to it */
#define WAIT_TIME 0
#else
#define WAIT_TIME 1
#endif

#ifdef OLD_NUMBER       /* who waits again gives the number of its run back */
#define REFUND(j) jatt[j]--
#else
#define REFUND(j) skip
#endif

#define HELD(j) ((j) < KEYED && hold)
#ifdef BEGIN_HELD       /* a row without a thread is begun again although its key is held */
#define BEGINS_NOT(j) LEFT_OF_GROUP(j)
#else
#define BEGINS_NOT(j) (LEFT_OF_GROUP(j) || HELD(j))
#endif

#ifdef ADOPT_HELD       /* a row of the dead is adopted although its key is held */
#define ADOPTED_NOT(j) LEFT_OF_GROUP(j)
#else
#define ADOPTED_NOT(j) (LEFT_OF_GROUP(j) || HELD(j))
#endif

#ifdef JOIN_WAITING     /* a claim joins what runs although something of the key waits */
#define NONE_WAITS true
#else
#define NONE_WAITS (!KEY_WAITS)
#endif

#ifdef JOIN_HELD        /* or although the key is held */
#define NOT_HELD true
#else
#define NOT_HELD (!hold)
#endif

#ifdef JOIN_FOREIGN     /* or although a row of it is another incarnation's */
#define NOT_FOREIGN(j) true
#else
#define NOT_FOREIGN(j) (jst[j] != RUNNING || jinc[j] == w)
#endif

#ifdef JOIN_NOTHING     /* who joins and finds no group here, or one that has broken, begins at once */
#define NO_GROUP(j) BEGINS_IN_ORDER(j)
#else
#define NO_GROUP(j) w_[w].thr[j] = BACK
#endif

#ifdef ADOPT_PART       /* the first of a group is carried on while a later one, locked by somebody, is left running */
#define ALONE_IN_KEY(j) true
#else
#define ALONE_IN_KEY(j) ((j) >= KEYED || !LATER_RUNS(j))
#endif
#if KEYED > 2
#define LATER_RUNS(j) (((j) < 1 && jst[1] == RUNNING) || ((j) < 2 && jst[2] == RUNNING))
#else
#define LATER_RUNS(j) ((j) < 1 && jst[1] == RUNNING)
#endif

/* ---- what must hold at every write ---- */
#define NOT_HEALTHY(x) assert(faulted[x] || st[x] == GONE)   /* nobody fences the healthy, nor adopts from them */
#define FENCE(x) NOT_HEALTHY(x); fenced[x] = 1
#define IN_ORDER(j) \
	assert(ALL_BEFORE_FINAL(j));                   /* predecessors final before the start */ \
	assert((j) >= KEYED || !hold)
#define STARTS(j) IN_ORDER(j); BECOMES_RUNNING(j)
#define BECOMES_RUNNING(j) \
	assert(!seen[j] || jst[j] != FINAL); \
	jst[j] = RUNNING; due[j] = 0; jinc[j] = w; jatt[j]++
#define THREAD(j) \
	runs[j]++; w_[w].thr[j] = 1; w_[w].att[j] = jatt[j]; w_[w].rn[j] = runs[j]
#ifdef GROUPS
#define FOLLOWS(i, j, v) w_[i].fol[j] = v
#define NOTHING_LATE(i, j) w_[i].kver[j] = 0; w_[i].kput[j] = 0
#else
#define FOLLOWS(i, j, v) skip
#define NOTHING_LATE(i, j) skip
#endif

inline ends(i, j) { w_[i].thr[j] = 0; w_[i].att[j] = 0; w_[i].rn[j] = 0; FOLLOWS(i, j, 0) }

/* Whoever follows in the key becomes its first waiter, and has a time from now on. */
inline wake_next() {
#ifndef NO_NEXT_TIME
	if :: FIRST_WAITING != NONE -> due[FIRST_WAITING] = 1 :: else fi
#else
	skip
#endif
}

inline stops(i) {      /* the process ends: memory gone */
	st[i] = GONE;
	for (q : 0 .. NP-1) {
		w_[i].h[q].has = 0; w_[i].h[q].taken = 0; w_[i].h[q].ep = 0;
		w_[i].h[q].cl = 0; w_[i].h[q].late = 0
	}
	for (k : 0 .. NJ-1) { ends(i, k); w_[i].kern[k] = 0; w_[i].krun[k] = 0; NOTHING_LATE(i, k); KNOWS(i, k, 0) }
	k = 0; q = 0
}

inline expel(i) {      /* the group drops a member */
	member[i] = 0;
	for (q : 0 .. NP-1) {
		if :: gowner[q] == i -> gowner[q] = NONE; grevoke[q] = 0
		   :: else fi
	}
	q = 0
}

inline forget() {      /* lets go of partition p; a polled record may still be in its hands */
	if
	:: H.taken && H.cl < LEN(p) -> H.late = H.cl + 1
	:: else -> H.ep = 0
	fi;
	H.has = 0; H.taken = 0; H.cl = 0
}

/* ---- a worker, per partition ---- */
#define PARTITION(P) \
	:: d_step { st[w] == UP && member[w] && gowner[P] == w && !grevoke[P] && \
		!w_[w].h[P].has && !w_[w].h[P].late -> \
		p = P; H.has = 1; H.ep = gepoch[p]; p = 0 } \
	:: d_step { st[w] == UP && w_[w].h[P].has && !w_[w].h[P].taken -> p = P; takeover() } \
	:: atomic { st[w] == UP && w_[w].h[P].taken && w_[w].h[P].cl < LEN(P) -> \
		p = P; claim() } \
	:: atomic { st[w] == UP && w_[w].h[P].late -> p = P; late_claim() } \
	DOUBT(P) \
	:: atomic { st[w] == UP && gowner[P] == w && grevoke[P] -> p = P; revoked() } \
	:: d_step { st[w] == UP && w_[w].h[P].has && gowner[P] != w -> p = P; forget(); p = 0 /* lost */ } \

inline takeover() {                     /* whoever had it before: nobody is fenced by it */
	if
	:: fenced[w] -> stops(w)
	:: !fenced[w] && !(NOT_OVERTAKEN) -> forget()
	:: !fenced[w] && NOT_OVERTAKEN ->
		powner[p] = w; pepoch[p] = H.ep;
		H.taken = 1; H.cl = position[p];
		for (k : 0 .. NJ-1) { KNOWS(w, k, (jst[k] == READY || jst[k] == RUNNING)) }
	fi;
	k = 0; p = 0
}

inline insert(started) {               /* row of job x, unless the job is known */
	if
	:: !KNOWN(x) ->
		seen[x] = 1; jpart[x] = p; KNOWS(w, x, 1);
		if
		:: KEYNEW(x) -> STARTS(x); if :: started -> THREAD(x) :: else fi
		:: else -> due[x] = (x >= KEYED || !(KEY_WAITS || hold)); jst[x] = READY   /* the first waiter has a time */
		fi
	:: else
	fi
}

#ifdef GROUPS
#define CLAIMED(o, threads) claim_group(o, threads)
#else
#define CLAIMED(o, threads) x = JOB(p, o); position[p] = (o) + 1; insert(threads)
#endif

inline claim() {
	if
	:: !(MINE_TO_CLAIM(H.ep) && IN_PLACE(H.cl)) -> forget()
	:: MINE_TO_CLAIM(H.ep) && IN_PLACE(H.cl) ->
		if
		:: CLAIMED(H.cl, 1)
		:: unsure > 0 -> unsure--; CLAIMED(H.cl, 0)     /* committed, the answer was lost: no thread */
		fi;
		H.cl = position[p]
	fi;
	x = 0; p = 0
}

inline late_claim() {
	if
	:: MINE_TO_CLAIM(H.ep) && IN_PLACE(H.late - 1) -> CLAIMED(H.late - 1, 1)
	:: else
	fi;
	H.late = 0; H.ep = 0; x = 0; p = 0
}

/* A claim has no answer: the lane takes over again, under the same epoch, which tells where to go on. The claim may still be
 * under way then. It comes at any time, also when the process has ended. */
#if DOUBTS > 0
#define DOUBT(P) \
	:: d_step { doubts > 0 && st[w] == UP && w_[w].h[P].taken && w_[w].h[P].cl < LEN(P) && !w_[w].h[P].kcl -> \
		doubts--; p = P; H.kcl = H.cl + 1; H.kep = H.ep; H.taken = 0; H.cl = 0; p = 0 } \
	:: atomic { w_[w].h[P].kcl -> p = P; given_up_claim() }
#else
#define DOUBT(P)
#endif

inline given_up_claim() {
	if
	:: MINE_TO_CLAIM(H.kep) && IN_PLACE(H.kcl - 1) -> CLAIMED(H.kcl - 1, 0)
	:: else
	fi;
	H.kcl = 0; H.kep = 0; x = 0; p = 0
}

inline revoked() {                      /* says nothing to Postgres */
	forget();
	gowner[p] = NONE; grevoke[p] = 0; p = 0
}

/* ---- a worker, per job; partition p = jpart[j] ---- */
#define JOBS(J) \
	:: d_step { st[w] == UP && jst[J] == READY && due[J] && w_[w].h[jpart[J]].taken && w_[w].thr[J] == 0 && \
		(KEYFREE(J) || WAITS_BEHIND(J) || hold) -> \
		p = jpart[J]; \
		if :: MINE_TO_WAKE && KEYFREE(J) -> STARTS(J); THREAD(J); KNOWS(w, J, 1); wake_next() \
		   :: MINE_TO_WAKE && !KEYFREE(J) -> due[J] = 0   /* who is before it gives it a time, or who lets the key go */ \
		   :: else -> forget() fi; p = 0 } \
	RUN(J) KERNEL(J) CENSUS(J) SCAN(J)

#ifndef GROUPS

#define RUN(J) CALL(J) \
	:: atomic { st[w] == UP && w_[w].thr[J] == DONE -> settle(J) }

#ifdef ONE_RUN          /* the external call as a step of its own: is a job ever running twice then? */
#define DONE 2
#define CALL(J) :: d_step { st[w] == UP && w_[w].thr[J] == 1 -> w_[w].thr[J] = 2; \
	assert((w_[0].thr[J] > 0) + (w_[1].thr[J] > 0) + (w_[NW-1].thr[J] > 0) * (NW > 2) <= 1) }
#else
#define DONE 1
#define CALL(J)
#endif

inline settle(J) {
#ifdef SPLIT_CHECK
	if :: ROW_IS_MINE(J, w_[w].att[J]) -> w_[w].thr[J] = 3     /* looked without a lock; writes later */
	   :: else -> ends(w, J) fi
#else
	if
	:: !ROW_IS_MINE(J, w_[w].att[J]) -> ends(w, J)             /* rejected, on record */
	:: ROW_IS_MINE(J, w_[w].att[J]) -> outcome(J, w_[w].rn[J]); ends(w, J)
	fi
#endif
}

/* A final outcome, or another run. Nobody but the job's last run closes it: that may have a call open. */
inline outcome(J, start_) {
	assert(jinc[J] == w);
	assert((start_) == runs[J]);
	if
	:: jst[J] = FINAL; jinc[J] = NONE; settles[J]++; assert(settles[J] == 1)
	:: retries > 0 -> retries--; jst[J] = READY; due[J] = 1; jinc[J] = NONE
	fi
}

#ifdef SPLIT_CHECK
#define LATE(J) :: atomic { st[w] == UP && w_[w].thr[J] == 3 -> outcome(J, w_[w].rn[J]); ends(w, J) }
#else
#define LATE(J)
#endif

/* A lane breaks with a settle under way: the thread has ended, the statement has not. It comes at any time, or never. */
#define KERNEL(J) \
	:: d_step { restarts > 0 && st[w] == UP && w_[w].thr[J] == DONE && !w_[w].kern[J] -> \
		restarts--; w_[w].kern[J] = w_[w].att[J] + 1; w_[w].krun[J] = w_[w].rn[J]; ends(w, J) } \
	:: atomic { w_[w].kern[J] -> \
		if :: ROW_IS_MINE(J, w_[w].kern[J] - 1) -> outcome(J, w_[w].krun[J]) :: else fi; \
		w_[w].kern[J] = 0; w_[w].krun[J] = 0 }

#ifdef NO_CENSUS        /* a running row of one's own without a thread is found by nobody */
#define CENSUS(J) LATE(J)
#else
#define CENSUS(J) LATE(J) \
	:: d_step { st[w] == UP && !fenced[w] && jst[J] == RUNNING && jinc[J] == w && w_[w].thr[J] == 0 -> \
		jatt[J] = ANEW(jatt[J]); THREAD(J) } \
	:: d_step { st[w] == UP && w_[w].thr[J] == DONE && !(jst[J] == RUNNING && jinc[J] == w && jatt[J] == w_[w].att[J]) -> \
		ends(w, J) }
#endif

/* The partition's owner looks at running rows of others: it fences the dead, in one statement, and adopts from the
 * fenced, in another. What it adopts stays running: it is begun again under this incarnation. */
#ifdef NO_SCAN
#define SCAN_WHEN(J) false
#else
#define SCAN_WHEN(J) (st[w] == UP && jst[J] == RUNNING && jinc[J] != w && w_[w].h[jpart[J]].taken)
#endif
#define SCAN(J) \
	:: d_step { SCAN_WHEN(J) && !fenced[jinc[J]] && MAY_FENCE(jinc[J]) -> FENCE(jinc[J]) } \
	:: d_step { SCAN_WHEN(J) && MAY_ADOPT(jinc[J]) && w_[w].thr[J] == 0 -> \
		p = jpart[J]; \
		if \
		:: powner[p] == w && pepoch[p] == H.ep -> NOT_HEALTHY(jinc[J]); KNOWS(w, J, 1); STARTS(J); THREAD(J) \
		:: else -> forget() \
		fi; p = 0 }
#define GROUPED

#else
/* ---- with groups ---- */

#if NJ > 2
#define ANY_AT(t) (w_[w].thr[0] == t || w_[w].thr[1] == t || w_[w].thr[2] == t)
#else
#define ANY_AT(t) (w_[w].thr[0] == t || w_[w].thr[1] == t)
#endif
#define SAID(j) (w_[w].thr[j] >= WELL)
#define BUSY(j) (w_[w].thr[j] == 1 || w_[w].thr[j] == 2)
/* The lane still has the run before this one. */
#define ONE_BEFORE_HERE(j) ((j) < KEYED && (((j) > 0 && w_[w].thr[0]) || ((j) > 1 && w_[w].thr[1])))
#define ONE_BEFORE_SAID(j) ((j) < KEYED && (((j) > 0 && SAID(0)) || ((j) > 1 && SAID(1))))

#ifdef NO_JOIN          /* who comes to a busy key waits, as it did before claims could join */
#define MAY_JOIN false
#elif KEYED > 2
#define MAY_JOIN (KEY_RUNS && NONE_WAITS && NOT_HELD && NOT_FOREIGN(0) && NOT_FOREIGN(1) && NOT_FOREIGN(2))
#else
#define MAY_JOIN (KEY_RUNS && NONE_WAITS && NOT_HELD && NOT_FOREIGN(0) && NOT_FOREIGN(1))
#endif
#ifdef JOIN_KEY         /* the worker looks for a group of the key, not for the one that has the row before */
#define LAST_RUNNING (w_[w].thr[1] -> 1 : 0)
#elif KEYED > 2
#define LAST_RUNNING (jst[2] == RUNNING -> 2 : (jst[1] == RUNNING -> 1 : 0))
#else
#define LAST_RUNNING (jst[1] == RUNNING -> 1 : 0)
#endif

/* Whoever begins behind others does so when all of them have succeeded: asked of rows that are still ours, and not of a zombie,
 * whose runs may be interrupted and succeed all the same. */
#define WELL_OR_FINAL(j) (jst[j] == FINAL || w_[w].thr[j] == WELL)
#define BEGINS_IN_ORDER(j) \
	assert(fenced[w] || (j) >= KEYED || !(jst[j] == RUNNING && jinc[j] == w && jatt[j] == w_[w].att[j]) || \
		(!hold && ((j) < 1 || WELL_OR_FINAL(0)) && ((j) < 2 || WELL_OR_FINAL(1))))

/* One statement claims one record or several. In a free key the first starts, and those behind it may start with it; they may
 * also join what runs of the key already. v: 0 none of the key so far, 1 they go with the one before, 2 they wait. */
inline claim_group(o, threads) {
	x = o; v = 0;
	do
	:: true ->
		if
		:: KNOWN(x)
		:: else ->
			seen[x] = 1; jpart[x] = p;
			if
			:: x >= KEYED || (v == 0 && KEYNEW(x)) ->
				STARTS(x); if :: threads -> THREAD(x) :: else fi;
				if :: x < KEYED -> v = 1 :: else fi
			:: x < KEYED && (v == 1 || (v == 0 && MAY_JOIN)) ->
				n = LAST_RUNNING; BECOMES_RUNNING(x);
				if :: threads -> joins(x) :: else fi;
				n = 0; v = 1
			:: x < KEYED && !(v == 0 && KEYNEW(x)) ->
				due[x] = !(KEY_WAITS || hold); jst[x] = READY;  /* the first waiter has a time */
				v = 2
			fi
		fi;
		x++;
		if :: x >= LEN(p) -> break :: x < LEN(p) :: x < LEN(p) -> break fi
	od;
	position[p] = x; v = 0
}

/* Its run goes with that of row n. Where that is not here, or its group has broken, it will not begin. */
inline joins(j) {
	THREAD(j); w_[w].fol[j] = 1;
	if
	:: w_[w].thr[n] == WELL -> BEGINS_IN_ORDER(j)
	:: w_[w].thr[n] == WELL -> w_[w].thr[j] = BACK          /* their time is over */
	:: BUSY(n) || w_[w].thr[n] == NEXT -> w_[w].thr[j] = NEXT
	:: !BUSY(n) && w_[w].thr[n] != NEXT && w_[w].thr[n] != WELL -> NO_GROUP(j)
	fi
}

inline give_back_behind(j) {            /* those that have not begun, and will not */
	for (k : 0 .. NJ-1) { if :: w_[w].thr[k] == NEXT && k >= (j) -> w_[w].thr[k] = BACK :: else fi }
	k = 0
}
#define give_back() give_back_behind(0)

inline next_begins() {                  /* or their time is over */
	if
	:: ANY_AT(NEXT) ->
		if
		:: n = NONE;
			for (k : 0 .. NJ-1) { if :: w_[w].thr[k] == NEXT && n == NONE -> n = k :: else fi }
			w_[w].thr[n] = 1; BEGINS_IN_ORDER(n); n = 0; k = 0
		:: give_back()
		fi
	:: else
	fi
}

/* Waits behind its key again. Of several in one statement the first has a time. */
#define WAITS_AGAIN(j) \
	jst[j] = READY; jinc[j] = NONE; REFUND(j); \
	due[j] = (n == NONE && WAIT_TIME); n = j

/* A run: its intent, where it calls somebody, and its end. A success without a call may come before the one before it is
 * durable. Its lane asks for an intent when the run before is written down; the statement asks the tables. */
#define RUN(J) \
	:: d_step { st[w] == UP && w_[w].thr[J] == 1 && !ONE_BEFORE_HERE(J) -> \
		if \
		:: ROW_IS_MINE(J, w_[w].att[J]) && MAY_INTEND(J) -> IN_ORDER(J); w_[w].thr[J] = 2 \
		:: else -> ends(w, J); give_back() \
		fi } \
	:: atomic { st[w] == UP && BUSY(J) -> w_[w].thr[J] = WELL; next_begins() } \
	:: d_step { st[w] == UP && BUSY(J) && retries > 0 -> retries--; w_[w].thr[J] = AGAIN; give_back() } \
	:: d_step { st[w] == UP && BUSY(J) && fails > 0 -> fails--; w_[w].thr[J] = ILL; give_back() } \
	:: atomic { st[w] == UP && SAID(J) && !ONE_BEFORE_SAID(J) && PUT_BACK_FIRST -> settle(J) } \
	LOOKED(J)

#ifdef NO_PUT_BACK_FIRST
#define PUT_BACK_FIRST true
#else
#define PUT_BACK_FIRST (!ANY_AT(BACK))
#endif

inline settle(J) {
	if
	:: !ROW_IS_MINE(J, w_[w].att[J]) || EARLY(J, w_[w].fol[J]) -> ends(w, J)     /* rejected */
	:: else ->
		if
		:: outcome(J, w_[w].rn[J], w_[w].thr[J]); follows(J, w_[w].thr[J], 1); ends(w, J)
		:: unsure > 0 -> unsure--;      /* committed, the answer was lost: no threads, and this one is not forgotten */
			outcome(J, w_[w].rn[J], w_[w].thr[J]); follows(J, w_[w].thr[J], 0)
		fi
	fi
}

inline outcome(J, start_, says) {
	assert(jinc[J] == w);
	assert((start_) == runs[J]);
	jinc[J] = NONE;
	if
	:: (says) == AGAIN -> jst[J] = READY; due[J] = 1
	:: else ->
		assert(ALL_BEFORE_FINAL(J));    /* they end in the order of the key */
		assert(J >= KEYED || !hold);
		jst[J] = FINAL; settles[J]++; assert(settles[J] == 1);
		if
		:: (says) == ILL && J < KEYED && holds > 0 -> holds--; hold = 1;
			if :: FIRST_WAITING != NONE -> due[FIRST_WAITING] = 0 :: else fi
		:: (says) != ILL || J >= KEYED || holds == 0
		fi
	fi
}

/* What the statement that ends a job does for its key: the next start, one or all, where the partition is mine. */
inline follows(J, says, threads) {
	if
	:: (says) != AGAIN && J < KEYED && !KEY_RUNS && !hold && FIRST_WAITING != NONE ->
		n = FIRST_WAITING; p = jpart[n];
		if
		:: (threads -> w_[w].h[p].taken && MINE_TO_WAKE : powner[p] == w) ->
			STARTS(n);
			if :: threads -> THREAD(n) :: else fi;
			if
			:: FIRST_WAITING != NONE ->
				do
				:: FIRST_WAITING != NONE ->
					n = FIRST_WAITING; BECOMES_RUNNING(n);
					if :: threads -> THREAD(n); w_[w].thr[n] = NEXT; w_[w].fol[n] = 1 :: else fi
				:: else -> break
				od
			:: true
			fi;
			wake_next()
		:: !(threads && w_[w].h[p].taken && MINE_TO_WAKE) -> due[n] = 1
		fi;
		n = 0; p = 0
	:: else
	fi
}

#ifdef SPLIT_CHECK      /* a follower that is to be closed with the one before it: looked at, not locked */
#define LOOKED(J) \
	:: d_step { st[w] == UP && w_[w].thr[J] == WELL && w_[w].fol[J] && BEHIND(J) && ROW_IS_MINE(J, w_[w].att[J]) && \
		ROW_IS_MINE((J) - 1, w_[w].att[(J) - 1]) && w_[w].thr[(J) - 1] == WELL -> w_[w].thr[J] = 3 } \
	:: atomic { st[w] == UP && w_[w].thr[J] == 3 && !w_[w].thr[(J) - 1] -> \
		if :: ROW_IS_MINE(J, w_[w].att[J]) -> outcome(J, w_[w].rn[J], WELL) :: else fi; ends(w, J) }
#else
#define LOOKED(J)
#endif

/* A lane breaks, with a settle or a put-back under way. It comes at any time, or never. */
#define KERNEL(J) \
	:: atomic { w_[w].kern[J] -> \
		if \
		:: ROW_IS_MINE(J, w_[w].kern[J] - 1) && !EARLY(J, w_[w].kver[J] > 16) -> \
			outcome(J, w_[w].krun[J], w_[w].kver[J] % 16); follows(J, w_[w].kver[J] % 16, 0) \
		:: else \
		fi; \
		w_[w].kern[J] = 0; w_[w].krun[J] = 0; w_[w].kver[J] = 0 } \
	:: d_step { w_[w].kput[J] -> \
		if :: ROW_IS_MINE(J, w_[w].kput[J] - 1) -> n = NONE; WAITS_AGAIN(J); n = 0 :: else fi; \
		w_[w].kput[J] = 0 }

inline lane_breaks() {
	restarts--;
	x = ANY_AT(BACK);
	for (k : 0 .. NJ-1) {
		if
		:: x && w_[w].thr[k] == BACK -> w_[w].kput[k] = w_[w].att[k] + 1
		:: !x && SAID(k) ->
			w_[w].kern[k] = w_[w].att[k] + 1; w_[w].krun[k] = w_[w].rn[k];
			w_[w].kver[k] = w_[w].thr[k] + 16 * w_[w].fol[k]
		:: else
		fi;
		ends(w, k)
	}
	k = 0; x = 0
}

/* A thread whose row is not ours: it is interrupted and forgotten. It may return success all the same, so that the next one
 * begins. Behind one that has not begun, nobody does. */
#ifdef NO_CENSUS
#define CENSUS(J)
#define THREADLESS(j) false
#else
#define CENSUS(J) \
	:: atomic { st[w] == UP && w_[w].thr[J] && !(jst[J] == RUNNING && jinc[J] == w && jatt[J] == w_[w].att[J]) -> \
		x = BUSY(J); v = (w_[w].thr[J] == NEXT); ends(w, J); \
		if :: x -> x = 0; next_begins() :: v -> v = 0; give_back_behind(J) :: else fi }
#define THREADLESS(j) (jst[j] == RUNNING && jinc[j] == w && w_[w].thr[j] == 0)
#endif

/* Rows of mine without a thread, in one statement: who is behind another, or in a held key, waits again; the others are
 * begun again. */
inline begin_again() {
	n = NONE;
	for (k : 0 .. NJ-1) { if :: THREADLESS(k) && BEGINS_NOT(k) -> WAITS_AGAIN(k) :: else fi }
	for (k : 0 .. NJ-1) {
		if :: THREADLESS(k) -> IN_ORDER(k); jatt[k] = ANEW(jatt[k]); THREAD(k) :: else fi
	}
	k = 0; n = 0
}

/* The partition's owner looks at running rows of others. It fences the dead in one statement, and adopts in another: of
 * what was a group it takes the first, the others wait again; of a held key all do. x is locked by somebody and
 * passed over; while it is a later one that runs, the first is left too. */
#ifdef NO_SCAN
#define FOREIGN(j) false
#else
#define FOREIGN(j) (jst[j] == RUNNING && jinc[j] != w)
#endif
#define SCAN(J) \
	:: d_step { st[w] == UP && FOREIGN(J) && w_[w].h[jpart[J]].taken && !fenced[jinc[J]] && MAY_FENCE(jinc[J]) -> \
		FENCE(jinc[J]) } \
	:: atomic { st[w] == UP && FOREIGN(J) && w_[w].h[jpart[J]].taken && MAY_ADOPT(jinc[J]) && \
		(ADOPTED_NOT(J) || (w_[w].thr[J] == 0 && ALONE_IN_KEY(J))) -> \
		p = jpart[J]; \
		if \
		:: !(powner[p] == w && pepoch[p] == H.ep) -> forget() \
		:: else -> \
			if :: x = NONE :: skips > 0 && KEY_RUNS -> skips--; pick() fi; \
			adopt() \
		fi; p = 0; x = 0 }

inline pick() {                         /* any running row */
	if
	:: FOREIGN(0) -> x = 0
	:: FOREIGN(1) -> x = 1
#if NJ > 2
	:: FOREIGN(2) -> x = 2
#endif
	fi
}

inline adopt() {
	n = NONE;
	for (k : 0 .. NJ-1) {
		if
		:: k != x && FOREIGN(k) && MAY_ADOPT(jinc[k]) && ADOPTED_NOT(k) -> NOT_HEALTHY(jinc[k]); WAITS_AGAIN(k)
		:: else
		fi
	}
	for (k : 0 .. NJ-1) {
		if
		:: k != x && FOREIGN(k) && MAY_ADOPT(jinc[k]) && !ADOPTED_NOT(k) &&
			w_[w].thr[k] == 0 && ALONE_IN_KEY(k) ->
			NOT_HEALTHY(jinc[k]); STARTS(k); THREAD(k)
		:: else
		fi
	}
	k = 0; n = 0
}

#if NJ > 2
#define ANY_THREADLESS (THREADLESS(0) || THREADLESS(1) || THREADLESS(2))
#define ANY_SAID (SAID(0) || SAID(1) || SAID(2))
#else
#define ANY_THREADLESS (THREADLESS(0) || THREADLESS(1))
#define ANY_SAID (SAID(0) || SAID(1))
#endif

inline put_back() {
	n = NONE;
	for (k : 0 .. NJ-1) {
		if
		:: w_[w].thr[k] == BACK ->
			if :: ROW_IS_MINE(k, w_[w].att[k]) -> WAITS_AGAIN(k) :: else fi;
			ends(w, k)
		:: else
		fi
	}
	k = 0; n = 0
}

#define GROUPED \
	:: d_step { st[w] == UP && ANY_AT(BACK) -> put_back() } \
	:: d_step { st[w] == UP && restarts > 0 && (ANY_AT(BACK) || ANY_SAID) -> lane_breaks() } \
	:: d_step { st[w] == UP && !fenced[w] && ANY_THREADLESS -> begin_again() }
#endif

#if NP > 1
#define PARTITIONS PARTITION(0) PARTITION(1)
#else
#define PARTITIONS PARTITION(0)
#endif
#if NJ > 2
#define ALLJOBS JOBS(0) JOBS(1) JOBS(2)
#else
#define ALLJOBS JOBS(0) JOBS(1)
#endif

#if NP > 1
#define NOTHING_HELD (!w_[w].h[0].has && !w_[w].h[1].has)
#else
#define NOTHING_HELD (!w_[w].h[0].has)
#endif
#if NJ > 2
#define IDLE (!w_[w].thr[0] && !w_[w].thr[1] && !w_[w].thr[2] && ROWS(0) && ROWS(1) && ROWS(2))
#else
#define IDLE (!w_[w].thr[0] && !w_[w].thr[1] && ROWS(0) && ROWS(1))
#endif
#define ROWS(j) (!(jst[j] == RUNNING && jinc[j] == w))

proctype Worker(byte w) {
	byte p, x, k, q;
#ifdef GROUPS
	byte v, n;
#endif
end:	do
	PARTITIONS
	ALLJOBS
	GROUPED
	/* reads its own row now and then */
	:: d_step { st[w] == UP && fenced[w] -> stops(w) }
	/* expelled but not fenced: join again */
	:: d_step { st[w] == UP && !member[w] && !draining[w] && !fenced[w] && NOTHING_HELD -> member[w] = 1 }
	/* drained and done */
	:: d_step { st[w] == UP && draining[w] && IDLE -> draining[w] = 0; stops(w) }
	od
}

/* ---- the group, the faults, the coordinator ---- */
#define GROUP(P) \
	:: d_step { gowner[P] == NONE && member[i] -> gowner[P] = i; epoch++; gepoch[P] = epoch } \
	:: d_step { rebalances > 0 && gowner[P] != NONE && gowner[P] != i && member[i] && !grevoke[P] -> \
		rebalances--; grevoke[P] = 1 }
#if NP > 1
#define ASSIGNMENT GROUP(0) GROUP(1)
#else
#define ASSIGNMENT GROUP(0)
#endif

#ifdef NO_COORDINATOR
#define COORDINATOR
#else
#define COORDINATOR \
	:: d_step { (st[i] == FROZEN || st[i] == GONE) && !fenced[i] && faulted[i] -> FENCE(i) } \
	:: d_step { st[i] == FROZEN && fenced[i] -> stops(i) } \
	:: d_step { fenced[i] && member[i] -> expel(i) }
#endif

#if NP > 1
#define CALM (!grevoke[0] && !grevoke[1])
#else
#define CALM (!grevoke[0])
#endif

inline drain_() {
	draining[i] = 1;
	for (q : 0 .. NP-1) {
		w_[i].h[q].has = 0; w_[i].h[q].taken = 0; w_[i].h[q].ep = 0; w_[i].h[q].cl = 0
	}
	q = 0;
	expel(i)
}

proctype World(byte i) {          /* one per incarnation */
	byte q, k;
end:	do
	:: d_step { st[i] == DOWN -> st[i] = UP; member[i] = 1 }
	:: d_step { crashes > 0 && st[i] == UP && !faulted[i] -> crashes--; faulted[i] = 1; stops(i) }
	:: d_step { freezes > 0 && st[i] == UP && !faulted[i] -> freezes--; faulted[i] = 1; st[i] = FROZEN }
	:: d_step { st[i] == FROZEN -> st[i] = UP }
	/* drain: hand the partitions over, leave the group, finish what runs */
	:: d_step { drains > 0 && st[i] == UP && member[i] && !fenced[i] && !faulted[i] && CALM -> drains--; drain_() }
	/* the group's session, and the lease of a draining worker, end for who is silent */
	:: d_step { (st[i] == FROZEN || st[i] == GONE) && (member[i] || draining[i]) -> expel(i); draining[i] = 0 }
	ASSIGNMENT
	COORDINATOR
	/* an operator lets the key go on without its dead job */
	:: d_step { hold -> hold = 0; wake_next() }
	od
}

/* Nothing can move any more: every job must have its one outcome. */
active proctype Monitor() {
	byte j;
	timeout;
	for (j : 0 .. NJ-1) {
		assert(jst[j] == FINAL);
		assert(settles[j] == 1)
	}
}

init {
	byte n;
	d_step {
		for (n : 0 .. NP-1) { gowner[n] = NONE; powner[n] = NONE }
		for (n : 0 .. NJ-1) { jinc[n] = NONE }
		for (n : 0 .. NW-2) { st[n] = UP; member[n] = 1 }
#ifdef STARTED          /* all are claimed, and a settle that is over has started them as a group of worker 0 */
		gowner[0] = 0; epoch = 1; gepoch[0] = 1; powner[0] = 0; pepoch[0] = 1; position[0] = NJ;
		w_[0].h[0].has = 1; w_[0].h[0].taken = 1; w_[0].h[0].ep = 1; w_[0].h[0].cl = NJ;
		for (n : 0 .. NJ-1) {
			seen[n] = 1; jst[n] = RUNNING; jinc[n] = 0; jatt[n] = 1; runs[n] = 1;
			w_[0].thr[n] = (n == 0 -> 1 : NEXT); w_[0].att[n] = 1; w_[0].rn[n] = 1; w_[0].fol[n] = (n > 0)
		}
#endif
		n = 0
	}
	atomic {
		for (n : 0 .. NW-1) { run Worker(n); run World(n) }
	}
}
