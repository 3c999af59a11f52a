// SPDX-License-Identifier: MIT
/*
 * A 32-bit process that makes the system calls it is told to: requests on
 * stdin, answers on stdout, one at a time, until stdin ends. The other side is
 * guest/peer32.ts, with the same layouts in guest/peer32-frames.ts.
 *
 * There is no libc for i386 on most hosts, so there is none here, and no kernel
 * header either: those of a 64-bit host are outside the search path of -m32.
 */
#include <stdint.h>

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
	SYS_exit = 1,
	SYS_read = 3,
	SYS_write = 4,
	SYS_prctl = 172,
	SYS_rt_sigaction = 174,
	SYS_close_range = 436,
};

enum { SIGKILL = 9, SIGSEGV = 11, SIGBUS = 7, SIGPIPE = 13 };
enum { SIG_IGN = 1 };
enum { SA_NODEFER = 0x40000000 };
enum { PR_SET_PDEATHSIG = 1 };
enum { STDIN = 0, STDOUT = 1, FIRST_FILE = 3 };

/* What it ends with; guest/peer32.ts says what each means. */
enum { END_OF_REQUESTS = 0, BAD_REQUEST = 2, NO_CHANNEL = 3, FAULT = 4 };

enum operation { CALL = 1, PEEK = 2, POKE = 3 };

#define VALUES 6

struct request {
	uint32_t operation;
	/* CALL: of the system call. */
	uint32_t number;
	/* CALL: its arguments. PEEK, POKE: an address, and how many bytes. */
	uint32_t value[VALUES];
	/* CALL, a bit per argument: it is the address of so many bytes, which follow in order. */
	uint32_t buffers;
};

struct answer {
	/* CALL: what the kernel returned. PEEK, POKE: 0, or a negative errno. */
	int32_t result;
	/* How many bytes follow: the buffers as the call left them, or what was peeked at. */
	uint32_t bytes;
};

/* Where the buffers of a call are, each aligned as the strictest type of i386 needs it. */
#define ALIGNMENT 16u
static unsigned char arena[1 << 20] __attribute__((aligned(ALIGNMENT)));

/* The kernel's struct sigaction on i386. */
struct sigaction32 {
	uint32_t handler;
	uint32_t flags;
	uint32_t restorer;
	uint32_t mask[2];
};

/* The sixth argument travels in ebp, which inline assembly cannot ask for. */
int32_t enter_kernel(uint32_t number, const uint32_t value[VALUES]);
__asm__(".text\n"
	"enter_kernel:\n\t"
	"pushl %ebp\n\t"
	"pushl %ebx\n\t"
	"pushl %esi\n\t"
	"pushl %edi\n\t"
	"movl 20(%esp), %eax\n\t"
	"movl 24(%esp), %ebp\n\t"
	"movl 0(%ebp), %ebx\n\t"
	"movl 4(%ebp), %ecx\n\t"
	"movl 8(%ebp), %edx\n\t"
	"movl 12(%ebp), %esi\n\t"
	"movl 16(%ebp), %edi\n\t"
	"movl 20(%ebp), %ebp\n\t"
	"int $0x80\n\t"
	"popl %edi\n\t"
	"popl %esi\n\t"
	"popl %ebx\n\t"
	"popl %ebp\n\t"
	"ret");

/* The kernel starts a program with its stack pointer at argc; a C function wants a call's alignment. */
__asm__(".globl _start\n"
	"_start:\n\t"
	"xorl %ebp, %ebp\n\t"
	"andl $-16, %esp\n\t"
	"call serve");

static int32_t call(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t value[VALUES] = { a, b, c, d };

	return enter_kernel(number, value);
}

static _Noreturn void end(uint32_t status)
{
	for (;;)
		call(SYS_exit, status, 0, 0, 0);
}

static void receive(void *to, uint32_t bytes)
{
	uint32_t at = (uint32_t)to;

	while (bytes) {
		const int32_t got = call(SYS_read, STDIN, at, bytes, 0);

		if (got <= 0)
			end(got ? NO_CHANNEL : END_OF_REQUESTS);
		at += (uint32_t)got;
		bytes -= (uint32_t)got;
	}
}

static void send(const void *from, uint32_t bytes)
{
	uint32_t at = (uint32_t)from;

	while (bytes) {
		const int32_t put = call(SYS_write, STDOUT, at, bytes, 0);

		if (put <= 0)
			end(NO_CHANNEL);
		at += (uint32_t)put;
		bytes -= (uint32_t)put;
	}
}

static void reply(int32_t result, uint32_t bytes)
{
	const struct answer answer = { .result = result, .bytes = bytes };

	send(&answer, sizeof(answer));
	send(arena, bytes);
}

/* The stack of the copy under way, where it goes on after a fault. NULL: a fault is a bug of this program. */
void *copy_stack;

/*
 * Copies from or to an address that may be none; 0, or -EFAULT. Whole words go one by one, in
 * order: in memory that is shared, an aligned word never shows half of its bytes. (The stores of
 * `rep movsl` may be seen in any order.)
 */
int32_t copy(void *to, const void *from, uint32_t bytes);
__asm__("copy:\n\t"
	"pushl %ebp\n\t"
	"pushl %ebx\n\t"
	"pushl %esi\n\t"
	"pushl %edi\n\t"
	"movl %esp, copy_stack\n\t"
	"movl 20(%esp), %edi\n\t"
	"movl 24(%esp), %esi\n\t"
	"movl 28(%esp), %ecx\n\t"
	"movl %edi, %eax\n\t"
	"orl %esi, %eax\n\t"
	"orl %ecx, %eax\n\t"
	"testl $3, %eax\n\t"
	"jnz 2f\n\t"
	"shrl $2, %ecx\n\t"
	"jecxz 3f\n"
	"1:\tlodsl\n\t"
	"stosl\n\t"
	"loop 1b\n\t"
	"jmp 3f\n"
	"2:\trep movsb\n"
	"3:\txorl %eax, %eax\n"
	"4:\tmovl $0, copy_stack\n\t"
	"popl %edi\n\t"
	"popl %esi\n\t"
	"popl %ebx\n\t"
	"popl %ebp\n\t"
	"ret\n"
	"copy_faulted:\n\t"
	"movl copy_stack, %esp\n\t"
	"movl $-14, %eax\n\t"
	"jmp 4b");

static _Noreturn void on_fault(int signal)
{
	(void)signal;
	if (!copy_stack)
		end(FAULT);
	__asm__ volatile("jmp copy_faulted");
	__builtin_unreachable();
}

static void peek(const struct request *request)
{
	const uint32_t bytes = request->value[1];
	int32_t result;

	if (bytes > sizeof(arena))
		end(BAD_REQUEST);
	result = copy(arena, (const void *)request->value[0], bytes);
	reply(result, result ? 0 : bytes);
}

static void poke(const struct request *request)
{
	const uint32_t bytes = request->value[1];

	if (bytes > sizeof(arena))
		end(BAD_REQUEST);
	receive(arena, bytes);
	reply(copy((void *)request->value[0], arena, bytes), 0);
}

static void make_call(struct request *request)
{
	uint32_t used = 0;
	int32_t result;

	for (uint32_t i = 0; i < VALUES; i++) {
		const uint32_t bytes = request->value[i];

		if (!(request->buffers & 1u << i))
			continue;
		if (bytes > sizeof(arena) - used)
			end(BAD_REQUEST);
		request->value[i] = (uint32_t)arena + used;
		/* Cannot pass the end of the arena, whose size is a multiple of the alignment. */
		used = (used + bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	}
	/* Buffers travel with their padding. */
	receive(arena, used);
	result = enter_kernel(request->number, request->value);
	reply(result, used);
}

static void handle(uint32_t signal, uint32_t handler)
{
	/* Not blocked while its handler runs, which never returns. */
	const struct sigaction32 action = { .handler = handler, .flags = SA_NODEFER };

	call(SYS_rt_sigaction, signal, (uint32_t)&action, 0, sizeof(action.mask));
}

_Noreturn __attribute__((used)) void serve(void)
{
	struct request request;

	/* A test that dies while a call of ours is blocked takes us along. */
	call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
	/* What the parent opened without O_CLOEXEC would be kept open by us. */
	call(SYS_close_range, FIRST_FILE, UINT32_MAX, 0, 0);
	handle(SIGSEGV, (uint32_t)on_fault);
	handle(SIGBUS, (uint32_t)on_fault);
	/* EPIPE is an answer. */
	handle(SIGPIPE, SIG_IGN);

	for (;;) {
		receive(&request, sizeof(request));
		switch (request.operation) {
		case CALL:
			make_call(&request);
			break;
		case PEEK:
			peek(&request);
			break;
		case POKE:
			poke(&request);
			break;
		default:
			end(BAD_REQUEST);
		}
	}
}
