# Yields number + 1, then one more than whatever it is sent.
def add_one(number):
    try:
        while True:
            print("add one")
            try:
                number = yield number + 1
            except ValueError as error:
                print(f"caught {error}")
                number = 0
    except GeneratorExit:
        print("closed")
        raise


print("before")
generator = add_one(1)
print("nothing has run yet")
print(f"next: {next(generator)}")
print(f"send 41: {generator.send(41)}")
print(f"throw: {generator.throw(ValueError('a bad number'))}")
generator.close()
print(f"after: {'nothing more' if next(generator, None) is None else 'a value'}")
