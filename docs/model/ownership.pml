/*
 * Job ownership as it is built: partitions, incarnations, fences, adoption. See README.md.
 *
 * One step of a process is one transaction, one message or one event: whatever may happen
 * between two steps in reality can happen between two steps here. Time is not modelled: every
 * step may be delayed for ever, which covers slow disks, pauses, outages and lost messages.
 */

/* ---- sizes and fault budgets (override with -D) ---- */
#ifndef NW
#define NW 3            /* worker incarnations; the last one is started during the run */
#endif
#ifndef NP
#define NP 1            /* partitions */
#endif
#ifndef CRASHES
#define CRASHES 1       /* CRASHES + FREEZES + DRAINS < NW, so that one worker is left */
#endif
#ifndef FREEZES
#define FREEZES 1
#endif
#ifndef DRAINS
#define DRAINS 0
#endif
#ifndef REBALANCES
#define REBALANCES 1    /* graceful moves of a partition between live members */
#endif
#ifndef RETRIES
#define RETRIES 1       /* results that ask for another run */
#endif
#ifndef UNSURE
#define UNSURE 1        /* claims that commit without the worker learning it */
#endif
#ifndef RESTARTS
#define RESTARTS 0      /* a worker's lane breaks and is started anew within its process */
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

/* The log. Jobs 0 and 1 share a key, in this order. */
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

/* ---- worker processes ---- */
byte st[NW];
typedef Hold {
	bit has; bit taken;             /* told of the assignment; has taken it over in Postgres */
	byte ep;                        /* the member epoch at which it was told */
	byte cl;                        /* next record to claim */
	byte late                       /* 1 + a record polled, still unclaimed when it let go */
}
typedef Per {
	Hold h[NP];
	byte thr[NJ];                   /* 0 no thread, 1 runs, 2 and 3: see CALL and SPLIT_CHECK */
	byte att[NJ];                   /* attempt of the thread */
	byte rn[NJ];                    /* which start of a thread of the job it was, for the checker */
	byte kern[NJ], krun[NJ];        /* 1 + attempt of a settle that an ended lane left under way */
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
byte runs[NJ];                      /* threads that were started of it */

#define H w_[w].h[p]
#ifdef KEYMEM
#define KNOWS(i, j, v) w_[i].mem[j] = v
#else
#define KNOWS(i, j, v) skip
#endif

/* A key is free when no unfinished row with a lower position has it. An unclaimed one is not seen. */
#ifdef KEYMEM           /* ... by an index in memory, loaded at takeover, kept by one's own claims */
#define KEYFREE(j) ((j) != 1 || !(w_[w].mem[0] && (jst[0] == READY || jst[0] == RUNNING)))
#else
#define KEYFREE(j) ((j) != 1 || !(jst[0] == READY || jst[0] == RUNNING))
#endif

/* ---- the guards, each with a switch that removes it ---- */
#ifdef NO_CLAIM_EPOCH
#define MINE_TO_CLAIM true
#else
#define MINE_TO_CLAIM (powner[p] == w && pepoch[p] == H.ep)
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
#define NEXT(a) (a)
#else
#define NEXT(a) ((a) + 1)
#endif

/* ---- what must hold at every write ---- */
#define FENCE(x) assert(faulted[x] || st[x] == GONE); fenced[x] = 1   /* nobody fences the healthy */
#define STARTS(j) \
	assert(!seen[j] || jst[j] != FINAL); \
	assert((j) != 1 || jst[0] == FINAL);           /* predecessor final before the start */ \
	jst[j] = RUNNING; jinc[j] = w; jatt[j]++
#define THREAD(j) \
	runs[j]++; w_[w].thr[j] = 1; w_[w].att[j] = jatt[j]; w_[w].rn[j] = runs[j]

inline ends(i, j) { w_[i].thr[j] = 0; w_[i].att[j] = 0; w_[i].rn[j] = 0 }

inline stops(i) {      /* the process ends: memory gone */
	st[i] = GONE;
	for (q : 0 .. NP-1) {
		w_[i].h[q].has = 0; w_[i].h[q].taken = 0; w_[i].h[q].ep = 0;
		w_[i].h[q].cl = 0; w_[i].h[q].late = 0
	}
	for (k : 0 .. NJ-1) { ends(i, k); w_[i].kern[k] = 0; w_[i].krun[k] = 0; KNOWS(i, k, 0) }
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
	:: d_step { st[w] == UP && w_[w].h[P].late -> p = P; late_claim() } \
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
		:: KEYFREE(x) -> STARTS(x); if :: started -> THREAD(x) :: else fi
		:: else -> jst[x] = READY
		fi
	:: else
	fi
}

inline claim() {
	x = JOB(p, H.cl);
	if
	:: !(MINE_TO_CLAIM && IN_PLACE(H.cl)) -> forget()
	:: MINE_TO_CLAIM && IN_PLACE(H.cl) ->
		position[p] = H.cl + 1;
		if
		:: insert(1)
		:: unsure > 0 -> unsure--; insert(0)    /* committed, the answer was lost: no thread */
		fi;
		H.cl++
	fi;
	x = 0; p = 0
}

inline late_claim() {
	x = JOB(p, H.late - 1);
	if
	:: MINE_TO_CLAIM && IN_PLACE(H.late - 1) -> position[p] = H.late; insert(1)
	:: else
	fi;
	H.late = 0; H.ep = 0; x = 0; p = 0
}

inline revoked() {                      /* says nothing to Postgres */
	forget();
	gowner[p] = NONE; grevoke[p] = 0; p = 0
}

/* ---- a worker, per job; partition p = jpart[j] ---- */
#define JOBS(J) \
	:: d_step { st[w] == UP && jst[J] == READY && w_[w].h[jpart[J]].taken && KEYFREE(J) && w_[w].thr[J] == 0 -> \
		p = jpart[J]; \
		if :: MINE_TO_WAKE -> STARTS(J); THREAD(J); KNOWS(w, J, 1) \
		   :: else -> forget() fi; p = 0 } \
	CALL(J) \
	:: atomic { st[w] == UP && w_[w].thr[J] == DONE -> settle(J) } \
	KERNEL(J) CENSUS(J) SCAN(J)

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
	:: retries > 0 -> retries--; jst[J] = READY; jinc[J] = NONE
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
		jatt[J] = NEXT(jatt[J]); THREAD(J) } \
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
		:: powner[p] == w && pepoch[p] == H.ep -> KNOWS(w, J, 1); STARTS(J); THREAD(J) \
		:: else -> forget() \
		fi; p = 0 }

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
end:	do
	PARTITIONS
	ALLJOBS
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
#define GROUPS GROUP(0) GROUP(1)
#else
#define GROUPS GROUP(0)
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
	GROUPS
	COORDINATOR
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
		n = 0
	}
	atomic {
		for (n : 0 .. NW-1) { run Worker(n); run World(n) }
	}
}
